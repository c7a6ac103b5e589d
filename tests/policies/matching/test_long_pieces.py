"""Long pieces are looked through first: what is shown is what their characters show one by one."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.matching.masker import Masker
from policies.matching.plan import Plan
from tests.policies.matching.test_masker import TEXTS

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog


def masker(plan: Plan) -> Masker:
    return Masker(plan, lambda target: f"[{plan.targets[target].id}]")


def test_what_each_detector_finds_is_found_in_a_long_piece_too(shipped: Catalog) -> None:
    plan = Plan(shipped.everything.targets)
    for detector in shipped.detectors:
        text = f"{'so it was, ' * 13}\n{detector.examples.match[0]}\n{'and so on. ' * 13}"
        pieces, letters = masker(plan), masker(plan)
        whole = pieces.feed(text) + pieces.finish()
        assert whole == "".join(map(letters.feed, text)) + letters.finish()


@pytest.fixture(scope="module")
def told(shipped: Catalog) -> list[str]:
    """Return texts that shipped detectors find something in, and texts that only look like it."""
    examples = [detector.examples for detector in shipped.detectors]
    return [text for each in examples for text in (*each.match, *each.skip)]


@settings(max_examples=TEXTS // 16, deadline=None, database=None)
@given(seed=st.integers(0, 2**32))
def test_long_pieces_show_of_all_detectors_what_their_characters_show_one_by_one(
    seed: int, shipped: Catalog, told: list[str]
) -> None:
    chance = random.Random(seed)  # noqa: S311
    plan = Plan(shipped.everything.targets)
    parts: list[str] = []
    for _ in range(chance.randint(2, 12)):
        text = chance.choice(told)
        cut = chance.choice([0, 0, chance.randrange(len(text) + 1)])
        parts += [chance.choice(SO_SAYS), text[cut:], chance.choice(["", "\n", " ", text[:cut]])]
    text = "".join(parts)
    letters, pieces = masker(plan), masker(plan)
    while text:
        size = chance.choice([chance.randint(129, 700), chance.randint(1, 200)])
        piece, text = text[:size], text[size:]
        assert pieces.feed(piece) == "".join(map(letters.feed, piece))
    assert pieces.finish() == letters.finish()


def test_what_is_in_progress_at_the_end_of_a_piece_is_followed_in_the_next(
    shipped: Catalog,
) -> None:
    plan = Plan(shipped.everything.targets)
    before, behind = "so it was,\n", f"\n{'and so on. ' * 13}"
    for detector in shipped.detectors:
        told = detector.examples.match[0]
        letters = masker(plan)
        alone = [letters.feed(ch) for ch in f"{before}{told}{behind}"]
        for into in (3, 12, 31, 34, 40, 60, 120):
            cut = len(before) + into
            if into < len(told):
                pieces = masker(plan)
                assert pieces.feed(f"{before}{told[:into]}") == "".join(alone[:cut])
                assert pieces.feed(f"{told[into:]}{behind}") == "".join(alone[cut:])


SO_SAYS = [
    "",
    "so it was, " * 13,
    "\n",
    "\\n",
    "a",
    "\n\n" + "0123456789 " * 9,
    "abcdef" * 20,
    "密钥" * 30,
]
