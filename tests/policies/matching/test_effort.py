"""What a request costs grows with its length and with nothing else; what would cost more is denied.

Steps and characters are counted here, not seconds.
"""

from __future__ import annotations

import base64
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.verdict import Action
from bench.linear import measured, ratio
from bench.shapes import SHAPES
from bench.shapes import text as shaped
from policies.decide import UNCHECKABLE, decide
from policies.explain import explain
from policies.matching.findings import MOST, Inspected
from policies.matching.matcher import _Finder
from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.patterns.effort import TooDense
from policies.patterns.pattern import parse
from tests.policies.made import ALICE, AWS_KEY, facts

if TYPE_CHECKING:
    from datetime import datetime
    from types import FrameType

    from policies.compiled_catalog import Catalog

ADVERSARIAL = {
    "password=": "password=",
    "a key's prefix": "sk-",
    "AKIA": "AKIA",
    "api_key=": "api_key=",
    "an option": "--password ",
    "zero width": "\u200b",
    "zero width inside": "AK\u200b\u200bIA",
    "encoded": base64.b64encode(b"password=").decode(),
    "escaped": "%70%61",
    "markup": "**`",
}


def _spent(catalog: Catalog, text: str) -> int:
    """Return the steps taken, also where they came to an end because there were too many."""
    inspected = Inspected(text)
    with suppress(TooDense):
        catalog.everything.find(inspected)
    return sum(scannable.effort.spent for _, scannable in inspected.readings)


@pytest.mark.parametrize("piece", ADVERSARIAL.values(), ids=ADVERSARIAL)
def test_a_text_that_is_twice_as_long_takes_no_more_than_twice_the_steps(
    shipped: Catalog, piece: str
) -> None:
    short, long = (_spent(shipped, piece * (size // len(piece))) for size in (10_000, 20_000))
    assert long <= 2.1 * short + 1000


@pytest.mark.parametrize("piece", ADVERSARIAL.values(), ids=ADVERSARIAL)
def test_no_text_of_250_kilobytes_takes_more_than_its_share(shipped: Catalog, piece: str) -> None:
    inspected = Inspected(piece * (250_000 // len(piece)))
    with suppress(TooDense):
        shipped.everything.find(inspected)
    for _, scannable in inspected.readings:
        assert scannable.effort.spent <= 100_000 + 8 * len(scannable.view) + 1000


@pytest.mark.parametrize("piece", ["\\nghp_", "%41x"], ids=["secrets", "addresses"])
def test_what_stands_at_the_end_is_looked_for_once_not_from_each_seam(
    shipped: Catalog, piece: str
) -> None:
    def searched(pieces: int) -> int:
        """Return through how many characters it is looked for the next place."""
        text = piece * pieces + " ghp_" + "a1B2" * 9 + " bob@example.com"
        inspected, characters = Inspected(text), 0

        def note(frame: FrameType, event: str, found: int | None) -> None:
            nonlocal characters
            is_search = frame.f_code is _Finder._next.__code__  # noqa: SLF001
            if event == "return" and is_search and found is not None:
                characters += min(found, len(text)) - frame.f_locals["at"]

        sys.setprofile(note)
        try:
            with suppress(TooDense):
                shipped.everything.find(inspected)
        finally:
            sys.setprofile(None)
        return characters

    assert searched(3000) <= 11 * searched(300)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_readings_of_a_text_together_are_hardly_longer_than_the_text(shape: str) -> None:
    written = shaped(shape, 100_000)
    assert sum(len(scannable.view) for _, scannable in Inspected(written).readings) <= 260_000


@pytest.mark.parametrize("alphabet", [range(0x4E00, 0x9000), range(0x1F300, 0x1F600)])
def test_a_large_alphabet_teaches_the_machine_no_more_than_one_letter_of_it(
    alphabet: range,
) -> None:
    plan = Plan(
        [Target("key", parse(r"\bAKIA[0-9A-Z]{16}\b")), Target("word", parse("ключ[0-9]+"))]
    )
    plan.find("a" + chr(alphabet[0]) * 3)
    learnt = plan.tree.learnt
    plan.find("a" + "".join(map(chr, alphabet)))
    assert plan.tree.learnt == learnt


def test_a_size_that_seems_to_cost_too_much_is_measured_until_it_does_not() -> None:
    taken = iter([9.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.1, 5.0, 5.0])
    assert measured(lambda _: next(taken), [1, 2], 2, 9) == ([1.0, 1.1], 3)
    grown = iter([9.0, *[1.0, 2.0] * 5])
    assert measured(lambda _: next(grown), [1, 2], 2, 4) == ([1.0, 2.0], 4)
    assert ratio([1.0, 1.0, 1.2]) == 2.4


def test_what_would_take_more_is_denied_and_told(shipped: Catalog, now: datetime) -> None:
    asked = facts("password=" * 30_000)
    verdict = decide(asked, ALICE, shipped, now)
    assert (verdict.action, verdict.decisive) == (Action.DENY, UNCHECKABLE)
    [story] = explain(asked, ALICE, shipped, now)
    assert (story.rule, story.action) == (UNCHECKABLE.rule, Action.DENY)


def test_secrets_one_after_the_other_are_no_reason_to_deny(shipped: Catalog, now: datetime) -> None:
    asked = facts("password=hunter2x9!Q " * 10_000)
    verdict = decide(asked, ALICE, shipped, now)
    assert verdict.action is Action.MASK
    assert verdict.fired[0].findings <= 2 * MOST
    assert len(verdict.fired[0].excerpts) == 5


def test_many_short_texts_are_looked_at_as_one(shipped: Catalog) -> None:
    texts = [f"item {at} of the list" for at in range(20_000)]
    inspected = Inspected(*texts)
    [(_, scannable)] = inspected.readings
    assert len(scannable.view) == sum(map(len, texts)) + len(texts) - 1
    assert shipped.requests.find(inspected) == []


def test_all_texts_of_a_request_are_masked_at_once_as_each_alone(
    shipped: Catalog, now: datetime
) -> None:
    asked = facts("see", f"key {AWS_KEY}", "password: hunter2x9!Q", "x", "")
    verdict = decide(asked, ALICE, shipped, now)
    at_once = shipped.request_mask(verdict, asked)
    alone = shipped.request_mask(verdict)
    for text in ("see", f"key {AWS_KEY}", "password: hunter2x9!Q", "x", "", f"new {AWS_KEY}"):
        assert at_once(text) == alone(text)
    assert at_once(f"key {AWS_KEY}") == "key [aws-access-key-id]"


PARTS = [
    *(AWS_KEY, AWS_KEY[:9], AWS_KEY[9:], "password", ": ", "hunter2x9!Q", "pro", "duction", "prod"),
    *(base64.b64encode(AWS_KEY.encode()).decode(), AWS_KEY.encode().hex(), "%41KIA", "\3", "\5"),
    *(
        "`",
        "**",
        "p r o d",
        "\n",
        " ",
        "\u200b",
        "é",
        "_",
        "a",
        "/etc/shadow",
        "\\u0041KIA",
    ),
]
texts = st.lists(st.lists(st.sampled_from(PARTS), max_size=6).map("".join), max_size=5)


@settings(max_examples=300, deadline=None, database=None)
@given(texts=texts)
@example(texts=["prod", "45p r o d"])
@example(texts=["prod", "1 2 3p r o d"])
def test_texts_looked_at_together_show_what_each_shows_alone(
    shipped: Catalog, texts: list[str]
) -> None:
    together = [
        (f.number, f.target.id, f.start, f.end) for f in shipped.requests.find(Inspected(*texts))
    ]
    alone = [
        (number, f.target.id, f.start, f.end)
        for number, text in enumerate(texts)
        for f in shipped.requests.find(Inspected(text))
    ]
    assert sorted(together) == sorted(alone)
    masked = shipped.everything.mask_all(texts, shipped.label)
    assert masked == [shipped.everything.mask(text, shipped.label) for text in texts]
