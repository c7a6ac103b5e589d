"""The masking of a whole answer: rules that apply, the credential, denial, shadow."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING

import pytest

from policies.loader import load_catalog
from policies.matching.answer_masking import credential_lookout
from tests.policies.made import ALICE, AWS_KEY, JOB, facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from policies.compiled_catalog import Catalog
    from policies.matching.answer_masking import AnswerMasking

CREDENTIAL = "sk-upstream+0123/456789"

RULES = """\
- id: no-codename
  title: Codename
  explain: Because.
  on: response
  when: {unless_groups: [sre], answer: {words: [Bluebird]}}
  then: mask
  examples: {match: [bluebird], skip: [bluebirds]}
- id: no-launch-codes
  title: Launch codes
  explain: Because.
  on: response
  when: {answer: {regex: ['LAUNCH-[0-9]{4}']}}
  then: deny
  examples: {match: [LAUNCH-1234], skip: [LAUNCH]}
- id: watched
  title: Watched
  explain: Because.
  on: response
  when: {answer: {words: [weather]}}
  then: mask
  mode: shadow
  examples: {match: [weather], skip: [whether]}
"""


def _masking(catalog: Catalog, now: datetime, credential: str = "") -> AnswerMasking:
    return catalog.answer_masking(facts("hello"), JOB, credential, now)


def _by_character(masking: AnswerMasking, text: str) -> list[str]:
    masker = masking.stream()
    return [*(masker.feed(ch) for ch in text), masker.finish()]


def test_each_answer_is_looked_through_for_the_credential_that_fetched_it(
    shipped: Catalog, now: datetime
) -> None:
    others = "sk-upstream-of-others/987654"
    for length in (0, 5000):
        text = "a " * length + f"{CREDENTIAL} {others}"
        for secret in (CREDENTIAL, others, CREDENTIAL):
            masked = _masking(shipped, now, secret).whole(text)
            assert [key for key in (CREDENTIAL, others) if key not in masked] == [secret]


def test_answers_that_are_fetched_with_one_credential_share_a_plan() -> None:
    one, other = credential_lookout(CREDENTIAL), credential_lookout("sk-upstream-of-others")
    rules = credential_lookout("what rules look for")
    assert rules.behind(one) is rules.behind(one)
    assert rules.behind(other).targets == (*other.plan.targets, *rules.plan.targets)


def test_an_aws_key_split_at_every_character_is_masked(shipped: Catalog, now: datetime) -> None:
    masking = _masking(shipped, now)
    assert "".join(_by_character(masking, f"use {AWS_KEY}.")) == "use [aws-access-key-id]."
    assert masking.masked == 1
    assert masking.findings["no-aws-keys-in-answers"] == 1


@pytest.mark.parametrize(
    "spelling",
    [
        CREDENTIAL,
        base64.b64encode(f"{CREDENTIAL}:".encode()).decode(),
        "sk-upstream%2B0123%2F456789",
        "sk-up\u200bstream+0123/456789",
    ],
)
def test_the_upstream_credential_is_masked_in_every_spelling(
    shipped: Catalog, now: datetime, spelling: str
) -> None:
    masking = _masking(shipped, now, CREDENTIAL)
    shown = "".join(_by_character(masking, f"key: {spelling} ok"))
    assert shown.replace("=", "") == "key: [upstream-credential] ok"
    assert masking.findings["upstream-credential"] == 1


@pytest.mark.parametrize("most", [1, 7, 60, 400, 5000])
@pytest.mark.parametrize("between", ["", "/", "-", "_"])
def test_the_credential_is_masked_within_a_long_run_of_base64_too(
    shipped: Catalog, now: datetime, between: str, most: int
) -> None:
    credential = "sk-proj-Ab3dEf9hIjK2mNoP5q"
    run = base64.b64encode(random.Random(3).randbytes(600)).decode()  # noqa: S311 - repeatable
    text = f"see {run}{between}{credential}{between}{run} ok"
    masked = text.replace(credential, "[upstream-credential]")
    assert _masking(shipped, now, credential).whole(text) == masked
    for masker in (
        _masking(shipped, now, credential).stream(),
        _masking(shipped, now, credential).credential(),
    ):
        pieces = [text[at : at + most] for at in range(0, len(text), most)]
        assert "".join(map(masker.feed, pieces)) + masker.finish() == masked


def test_what_no_rule_reads_keeps_all_of_its_bytes(shipped: Catalog, now: datetime) -> None:
    # To a text, 0xAD is a soft hyphen, and a flood of such is cut.
    masker = _masking(shipped, now, CREDENTIAL).credential()
    data = b"\x89PNG" + b"\xad" * 40 + b"\0\x01\xad"
    for piece in (data, *[bytes([byte]) for byte in data]):
        shown = masker.feed(piece.decode("latin-1"))
        assert shown.encode("latin-1") == piece, piece
    assert not masker.finish()


def test_a_long_credential_is_masked_to_its_end(shipped: Catalog, now: datetime) -> None:
    long = "ya29." + "aB3" * 400
    masking = _masking(shipped, now, long)
    assert masking.whole(f"<{long}>") == "<[upstream-credential]>"


def test_a_response_rule_masks_only_for_those_it_applies_to(
    write: Callable[..., Path], now: datetime
) -> None:
    catalog = load_catalog(write(RULES))
    assert _masking(catalog, now).whole("project Bluebird") == "project [no-codename]"
    for_sre = catalog.answer_masking(facts("hello"), ALICE, "", now)
    assert for_sre.whole("project Bluebird") == "project Bluebird"


def test_a_denied_answer_ends_before_the_finding_in_every_text(
    write: Callable[..., Path], now: datetime
) -> None:
    masking = _masking(load_catalog(write(RULES)), now)
    other = masking.stream()
    assert other.feed("so far") == "so far"
    assert "".join(_by_character(masking, "the code is LAUNCH-1234, go")) == "the code is "
    assert masking.denied is not None
    assert masking.denied.rule == "no-launch-codes"
    assert other.feed("and on") + other.finish() == ""


def test_a_denied_match_inside_a_masked_one_denies_all_the_same(
    write: Callable[..., Path], now: datetime
) -> None:
    outer = RULES.replace("{words: [Bluebird]}", "{regex: ['Blue[A-Z0-9-]{1,20}']}").replace(
        "match: [bluebird]", "match: [Blue-1]"
    )
    masking = _masking(load_catalog(write(outer)), now)
    assert masking.whole("Blue-LAUNCH-1234 x") == "[no-codename]"
    assert masking.denied is not None


def test_a_shadow_rule_is_counted_and_changes_nothing(
    write: Callable[..., Path], now: datetime
) -> None:
    masking = _masking(load_catalog(write(RULES)), now)
    assert masking.whole("fine weather, weather permitting") == "fine weather, weather permitting"
    assert (masking.masked, masking.findings) == (0, {"watched": 2})


OVERLAPPING = """\
- id: keys
  title: Keys
  explain: Because.
  on: response
  when: {answer: {regex: ['key=[A-Za-z0-9+/=-]{4,40}', '56789[a-z]{2}']}}
  then: mask
  examples: {match: [key=abcd], skip: [key]}
- id: watched
  title: Watched
  explain: Because.
  on: response
  when: {answer: {regex: ['see [A-Za-z0-9+/= -]{5,60}!', 'key=[A-Za-z0-9+/=-]{4,40}']}}
  then: mask
  mode: shadow
  examples: {match: ["see the key!"], skip: [see]}
"""


@pytest.mark.parametrize(
    ("said", "shown", "found"),
    [
        (f"see {CREDENTIAL}!", "see [upstream-credential]!", "cw"),
        (f"key={CREDENTIAL}.", "[keys].", "ckw"),
        (f"see key={CREDENTIAL}!", "see [keys]!", "ckw"),
        (f"{CREDENTIAL}ab so", "[upstream-credential] so", "c"),
        (f"see {CREDENTIAL}ab key=abcd!", "see [upstream-credential] [keys]!", "ckw"),
        (f"see key={CREDENTIAL[:-1]}", "see [keys]", "kw"),
        (CREDENTIAL[:-1], CREDENTIAL[:-1], ""),
    ],
)
def test_the_credential_rules_and_shadow_rules_may_find_what_overlaps(
    write: Callable[..., Path], now: datetime, said: str, shown: str, found: str
) -> None:
    catalog = load_catalog(write(OVERLAPPING))
    names = {"c": "upstream-credential", "k": "keys", "w": "watched"}
    text = f"{'All is well. ' * 12}{said}{' And on.' * 20}"
    for size in (1, 3, 10, 150, 1000):
        masking = _masking(catalog, now, CREDENTIAL)
        masker = masking.stream()
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        out = ""
        for piece in pieces:
            out += masker.feed(piece)
            assert CREDENTIAL[:10] not in out or CREDENTIAL not in said
        out += masker.finish()
        assert out == text.replace(said, shown)
        assert masking.findings == {names[each]: 1 for each in found}


def test_the_credential_is_masked_where_no_rule_applies(
    write: Callable[..., Path], now: datetime
) -> None:
    catalog = load_catalog(write(RULES.split("- id: no-launch", maxsplit=1)[0]))
    for_sre = catalog.answer_masking(facts("hello"), ALICE, CREDENTIAL, now)
    shown = "".join(_by_character(for_sre, f"Bluebird <{CREDENTIAL}>"))
    assert shown == "Bluebird <[upstream-credential]>"


@pytest.mark.parametrize(
    "text", ["req_8f2", "a sk-", AWS_KEY, CREDENTIAL, "\u0430 \0\3", "pass", ""]
)
def test_a_text_is_masked_alike_at_once_and_in_pieces(
    shipped: Catalog, now: datetime, text: str
) -> None:
    by_character = "".join(_by_character(_masking(shipped, now, CREDENTIAL), text))
    assert _masking(shipped, now, CREDENTIAL).whole(text) == by_character


@pytest.mark.parametrize(
    "told",
    [
        "project Bluebird, fine weather",
        "B\u200bluebird \u0430nd " + "x\u200b" * 30 + "\u200b" * 30,
        f"weather, {CREDENTIAL} and Bluebird",
        "Bluebird, LAUNCH-1234, Bluebird",
        "Blue",
    ],
    ids=["masked", "invisible", "credential", "denied", "clean"],
)
def test_a_long_text_is_masked_as_in_pieces_though_only_looked_at_for_what_is_in_it(
    write: Callable[..., Path], now: datetime, told: str
) -> None:
    catalog = load_catalog(write(RULES))
    text = f"{'All is well. ' * 400}{told}{' And on.' * 400}"
    whole, pieces = (_masking(catalog, now, CREDENTIAL) for _ in range(2))
    assert whole.whole(text) == "".join(_by_character(pieces, text))
    assert (whole.findings, whole.denied) == (pieces.findings, pieces.denied)
