"""What was masked once in a request is masked wherever it comes again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.segment import Role, Segment
from policies.decide import decide
from policies.matching.known import FEWEST, MOST, NOTHING_KNOWN, Known
from tests.policies.made import ALICE, facts

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.segment import Facts
    from policies.compiled_catalog import AnswerMasking, Catalog
    from policies.request_mask import RequestMask

PASSWORD = "Tr0ub4dor&3x"
NAMED = f'password = "{PASSWORD}"'


def _conversation(*texts: str) -> Facts:
    asked = facts(texts[0])
    segments = tuple(Segment(text, Role.USER, f"messages/{at}") for at, text in enumerate(texts))
    return replace(asked, prompt=replace(asked.prompt, segments=segments))


def _mask(shipped: Catalog, now: datetime, *texts: str) -> RequestMask:
    asked = _conversation(*texts)
    return shipped.request_mask(decide(asked, ALICE, shipped, now), asked)


def _answer(shipped: Catalog, now: datetime, mask: RequestMask) -> AnswerMasking:
    return shipped.answer_masking(facts("hello"), ALICE, "", now, mask.known)


def test_a_masked_value_is_masked_again_without_its_name(shipped: Catalog, now: datetime) -> None:
    later, earlier = f"I set {PASSWORD} for you", f"is it {PASSWORD}?"
    mask = _mask(shipped, now, earlier, f"{NAMED}; type {PASSWORD} now", later)
    for text in (earlier, f"{NAMED}; type {PASSWORD} now", later, f"elsewhere: {PASSWORD}"):
        assert PASSWORD not in mask(text)
    assert mask(later) == "I set [connection-string-password] for you"


def test_the_answer_does_not_repeat_what_was_masked_in_the_request(
    shipped: Catalog, now: datetime
) -> None:
    said = f"Done: {PASSWORD} it is."
    masking = _answer(shipped, now, _mask(shipped, now, NAMED))
    assert masking.whole(said) == "Done: [connection-string-password] it is."
    assert masking.masked == 1
    assert masking.findings == {"masked-in-request": 1}
    assert PASSWORD in shipped.answer_masking(facts("hello"), ALICE, "", now).whole(said)


def test_what_a_denied_answer_withholds_is_masked_the_same(shipped: Catalog, now: datetime) -> None:
    masking = _answer(shipped, now, _mask(shipped, now, NAMED)).unstopped()
    assert PASSWORD not in masking.whole(f"Done: {PASSWORD} it is.")


def test_short_values_and_parts_of_words_stay(shipped: Catalog, now: datetime) -> None:
    assert Known({"a1!b2?c": "[password]"}).mask("a1!b2?c") == "a1!b2?c"
    letters = Known({"engineer": "[password]"})
    assert letters.mask("engineer, engineering") == "[password], engineering"
    assert Known({"abcdefghij" * 30: "[x]"}).mask("abcdefghij" * 30) == "[x]"
    assert _mask(shipped, now, "nothing here").known.labels == ()


def test_of_very_many_values_the_first_are_known() -> None:
    values = {f"value-{at:05}": "[x]" for at in range(MOST + 1)}
    known = Known(values)
    assert known.mask(f"value-{MOST - 1:05} value-{MOST:05}") == f"[x] value-{MOST:05}"
    assert NOTHING_KNOWN.mask("value-00000") == "value-00000"


_VALUES = st.lists(st.text("aA1-", min_size=FEWEST, max_size=12), min_size=1, max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_VALUES, st.lists(st.text("aA1- ", max_size=6), max_size=4), st.data())
def test_every_cut_of_an_answer_gives_the_same(
    shipped: Catalog, now: datetime, values: list[str], between: list[str], data: st.DataObject
) -> None:
    known = Known(dict.fromkeys(values, "[x]"))
    text = "".join(part + value for part, value in zip(between, values * 4, strict=False))
    whole = shipped.answer_masking(facts("hello"), ALICE, "", now, known).whole(text)
    masker = shipped.answer_masking(facts("hello"), ALICE, "", now, known).stream()
    out, at = "", 0
    while at < len(text):
        until = data.draw(st.integers(at + 1, len(text)))
        out, at = out + masker.feed(text[at:until]), until
    assert out + masker.finish() == whole
    secrets = [value.strip() for value in values if len(value.strip()) >= FEWEST]
    assert not [value for value in secrets if not value.isalpha() and value in whole]


def test_a_card_shows_no_value_that_is_told_by_its_name_elsewhere(
    shipped: Catalog, now: datetime
) -> None:
    texts = (f"for production: {NAMED}", f"then put {PASSWORD} into production")
    fired = decide(_conversation(*texts), ALICE, shipped, now).fired
    shown = [part for rule in fired for part in rule.excerpts]
    assert len(shown) >= 3
    assert PASSWORD not in repr(shown)


def test_what_was_masked_is_not_masked_again(shipped: Catalog) -> None:
    once = shipped.mask(f"{NAMED}, then {PASSWORD}")
    assert once == 'password = "[connection-string-password]", then [connection-string-password]'
    assert shipped.mask(once) == once
