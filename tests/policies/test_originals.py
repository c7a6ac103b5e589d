"""What a rule masks and keeps: by its knob alone, alike for every cut, never the credential."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.record.original import MOST, MOST_CHARACTERS, Keeping, Original
from app.domain.segment import Role, Segment
from app.errors import BadCatalog
from policies.decide import examine
from policies.keeping import without
from policies.loader import load_catalog
from policies.matching.target import Target
from policies.originals import RequestOriginals
from policies.passages.names import UNKEYED
from policies.patterns.words import literal_pattern
from tests.policies.made import ALICE, AWS_KEY, KEPT_KEYS, RESPONDERS, facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from policies.compiled_catalog import Catalog

OTHER_KEY = "AKIAQZ7KW3MHT5VJ2RBX"
SETS = (
    RESPONDERS
    + """\
- {name: legal, emails: [jo@acme.example]}
- {name: chatters, slack_groups: [chat]}
"""
)
RULES = (
    KEPT_KEYS
    + """\
- id: keys-too
  title: Keys
  explain: Because.
  on: response
  when: {text: {regex: ['AKIA[0-9A-Z]{8,40}', 'sk-[a-z0-9-]{6,30}']}}
  then: mask
  keep_original: {sealed_for: [legal, responders]}
  examples: {match: [AKIAQZ7KW3MHT5VJ2RBX], skip: [AKI]}
- id: names
  title: Names
  explain: Because.
  on: both
  when: {text: {words: [Bluebird]}}
  then: mask
  examples: {match: [bluebird], skip: [bluebirds]}
"""
)
KEYS, LEGAL = Keeping("keys", ("responders",)), Keeping("keys-too", ("legal", "responders"))


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("catalog")
    (folder / "catalog").mkdir()
    (folder / "catalog" / "rules.yaml").write_text(RULES)
    (folder / "approvers.yaml").write_text(SETS)
    return load_catalog(folder)


def of_request(catalog: Catalog, now: datetime, *texts: str) -> tuple[Original, ...]:
    asked = facts(*texts)
    _, mask = examine(asked, ALICE, catalog, now, UNKEYED)
    return mask.originals.found(asked.prompt.segments, catalog.mask) if mask else ()


def of_answer(
    catalog: Catalog, now: datetime, pieces: Iterable[str], credential: str = ""
) -> tuple[str, tuple[Original, ...]]:
    masking = catalog.answer_masking(facts("hello"), ALICE, credential, now)
    masker = masking.stream()
    shown = "".join([*map(masker.feed, pieces), masker.finish()])
    return shown, masking.originals()


def values(originals: Sequence[Original]) -> list[tuple[str, str]]:
    return [(one.keeping.rule, one.value) for one in originals]


def test_a_request_keeps_what_its_rule_masked_with_its_place(
    keeping: Catalog, now: datetime
) -> None:
    said = (f"the key {AWS_KEY}, of Bluebird", f"again {AWS_KEY}", f"{OTHER_KEY}")
    assert of_request(keeping, now, *said) == (
        Original(KEYS, "user text at /messages/0/content", "[aws-access-key-id]", AWS_KEY),
        Original(KEYS, "user text at /messages/2/content", "[aws-access-key-id]", OTHER_KEY),
    )
    assert of_request(keeping, now, "Bluebird") == ()


def test_without_the_knob_nothing_is_kept(shipped: Catalog, now: datetime) -> None:
    assert of_request(shipped, now, f"the key {AWS_KEY}") == ()
    shown, kept = of_answer(shipped, now, [f"the key {AWS_KEY}"])
    assert (shown, kept) == ("the key [aws-access-key-id]", ())


def test_the_place_of_an_original_shows_no_secret(keeping: Catalog, now: datetime) -> None:
    asked = facts(f"the key {AWS_KEY}")
    _, mask = examine(asked, ALICE, keeping, now, UNKEYED)
    assert mask is not None
    [original] = mask.originals.found(asked.prompt.segments, lambda place: f"safe {place}")
    assert original.place.startswith("safe ")
    assert AWS_KEY not in repr(original)


def test_the_places_of_many_values_in_a_large_text_are_not_all_looked_for() -> None:
    target = Target("keys", literal_pattern("keys"))
    originals = RequestOriginals({target: (KEYS,)})
    keys = [f"sk-{number:06}" for number in range(MOST)]
    for key in keys:
        originals.note(key, target, "[keys]")
    said = Segment("-" * 1_000_000 + " ".join(keys), Role.USER, "/input")
    first, *_, last = originals.found([said], str)
    assert (first.place, last.place) == ("user text at /input", "one of its texts")
    assert (first.value, last.value) == (keys[0], keys[-1])


def test_an_answer_keeps_what_each_of_its_rules_masked(keeping: Catalog, now: datetime) -> None:
    text = f"Bluebird has {AWS_KEY} and sk-abc-123456, and {AWS_KEY} again"
    shown, kept = of_answer(keeping, now, [text])
    assert shown == "[names] has [keys-too] and [keys-too], and [keys-too] again"
    assert kept == (
        Original(LEGAL, "masked place 2", "[keys-too]", AWS_KEY),
        Original(LEGAL, "masked place 3", "[keys-too]", "sk-abc-123456"),
    )


PIECES = [AWS_KEY, OTHER_KEY, AWS_KEY[:9], "AKIA", "sk-", "sk-a1b2c3", "-", "abcdef", " ", "\u200b"]
said = st.lists(st.sampled_from([*PIECES, "Bluebird", ", "]), max_size=12).map("".join)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=said, cuts=st.lists(st.integers(0, 200), max_size=12))
def test_the_originals_of_a_stream_are_the_same_for_every_cut(
    keeping: Catalog, now: datetime, text: str, cuts: list[int]
) -> None:
    ends = sorted({min(cut, len(text)) for cut in cuts} | {len(text)})
    pieces = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    whole, by_character = of_answer(keeping, now, [text]), of_answer(keeping, now, text)
    assert of_answer(keeping, now, pieces) == whole == by_character
    assert all(one.value in text for one in whole[1])


def test_an_original_is_all_that_its_mask_stands_for(keeping: Catalog, now: datetime) -> None:
    text = f"{AWS_KEY} {OTHER_KEY[:12]} sk-abcdef sk-abcdefgh-1"
    shown, kept = of_answer(keeping, now, text)
    for one in kept:
        shown = shown.replace(one.label, one.value, 1)
    assert shown == text


@pytest.mark.parametrize("credential", [AWS_KEY, f"{AWS_KEY}-and-more", f"x-{AWS_KEY}"])
def test_no_original_has_any_of_the_upstreams_credential(
    keeping: Catalog, now: datetime, credential: str
) -> None:
    text = f"it is {AWS_KEY}, or {credential}, and not {OTHER_KEY}"
    _, kept = of_answer(keeping, now, text, credential)
    assert values(kept) == [("keys-too", OTHER_KEY)]
    asked = of_request(keeping, now, text)
    assert values(without(credential, asked)) == [("keys", OTHER_KEY)]


def test_what_has_the_credential_in_it_is_not_kept() -> None:
    def made(value: str) -> Original:
        return Original(KEYS, "here", "[keys]", value)

    credential = "c3cret-of-the-upstream"
    had = ["in Basic it is YzNjcmV0LW9mLXRoZS11cHN0cmVhbTo", f"<{credential}>", "of-the-upstr"]
    kept = without(credential, [*map(made, had), made("another")])
    assert [one.value for one in kept] == ["another"]


UPSTREAM = "sk-ant-api03-Ab9dEfGh1jKlMn0pQrStUvWxYz"


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "value",
    [
        in_base64(f"key={UPSTREAM} end"),
        in_base64(in_base64(UPSTREAM)),
        UPSTREAM.encode().hex(),
        "".join(f"%{ord(each):02x}" for each in UPSTREAM),
        "".join(f"\\u{ord(each):04x}" for each in UPSTREAM),
        f"{UPSTREAM[:10]}**{UPSTREAM[10:]}",
        f'"{UPSTREAM[:12]}" + "{UPSTREAM[12:]}"',
        f'password = "X9{UPSTREAM[3:]}q7"',
        f"{UPSTREAM[:-1]}a",
        UPSTREAM[16:24],
        " ".join(UPSTREAM.upper()),
    ],
)
def test_nothing_is_kept_that_reads_as_a_part_of_the_credential(value: str) -> None:
    unlike = "sk-ant-api03-Zb8xEfGy9jKqMn1pQrS7UvWaYx"
    kept = without(UPSTREAM, [Original(KEYS, "here", "[keys]", one) for one in (value, unlike)])
    assert [one.value for one in kept] == [unlike]


@pytest.mark.parametrize("credential", ["x7Kp2", "k" * 3000, "sk-ant-api03-Ab1"])
def test_a_credential_of_any_length_is_not_kept(credential: str) -> None:
    had = [credential, f"<{credential}>", credential.encode().hex() * 8, "other"]
    kept = without(credential, [Original(KEYS, "here", "[keys]", one) for one in had])
    assert [one.value for one in kept] == ["other"]


def test_there_are_bounds_to_what_is_kept(keeping: Catalog, now: datetime) -> None:
    keys = [f"sk-a{number:06}" for number in range(MOST + 9)]
    _, kept = of_answer(keeping, now, [" ".join(keys)])
    assert [one.value for one in kept] == keys[:MOST]
    endless = "AKIA" + "Z" * MOST_CHARACTERS
    shown, kept = of_answer(keeping, now, [f"{endless} {OTHER_KEY}"])
    assert endless not in shown
    assert all(len(one.value) <= MOST_CHARACTERS for one in kept)


@pytest.mark.parametrize(
    ("changed", "place", "fault"),
    [
        (("then: mask", "then: deny"), "keep_original", "only a rule that masks has it"),
        (("[responders]", "[chatters]"), "keep_original.sealed_for", "idp_groups"),
        (("[responders]", "[nobody]"), "keep_original.sealed_for.0", "is no approver set"),
        (("[responders]", "[]"), "keep_original.sealed_for", ""),
        (
            ("on: both\n  when: {text: {", "on: response\n  when: {tool_call: {arguments: {"),
            "keep_original",
            "not in tool calls",
        ),
    ],
    ids=["no mask", "only in Slack", "unknown set", "nobody", "tool call"],
)
def test_a_catalog_says_what_is_wrong_with_keeping(
    write: Callable[..., Path], changed: tuple[str, str], place: str, fault: str
) -> None:
    rule = RULES.partition("- id: keys-too")[0].replace(*changed)
    if "tool_call" in rule:
        rule = rule.replace("}}\n  then", "}}}\n  then")
    with pytest.raises(BadCatalog) as bad:
        load_catalog(write(rule, approvers=SETS))
    [told] = bad.value.faults
    assert f"keys.{place}: " in told
    assert fault in told
