"""Several plans for one text: one masker for all, and some targets that are only counted."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.matching.following.noting import Noting
from policies.matching.masker import Masker
from policies.matching.plan import Joint, Plan
from policies.matching.scanner import MAX_CANDIDATES
from policies.matching.target import Target
from policies.patterns.pattern import parse
from policies.patterns.words import literal_pattern
from tests.app.wire.chance import Chance
from tests.policies.matching.oracle import masked, spans, thinned
from tests.policies.matching.test_masker import PLAN, RULES, TEXTS, long_texts, texts
from tests.policies.matching.test_runs import run

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET = frozenset(range(0, len(RULES), 3))
NOTED = QUIET | {4, 10}
LOUD = [rule for at, rule in enumerate(RULES) if at not in QUIET]
WATCHED = Plan(PLAN.targets, QUIET)


def _named(target: int) -> str:
    return f"[{RULES[target].id}]"


def _split(text: str, chance: random.Random) -> list[str]:
    most = chance.choice([1, 3, 30, 400])
    pieces = []
    while text:
        size = chance.randint(1, most)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


@settings(max_examples=TEXTS // 2, deadline=None, database=None)
@given(text=st.one_of(texts, long_texts), seed=st.integers(0, 2**32))
def test_plans_side_by_side_mask_what_one_plan_of_all_their_targets_does(
    text: str, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    one, two = sorted(chance.sample(range(len(RULES) + 1), 2))
    targets = PLAN.targets
    parts = Joint(Plan(targets[:one]), Plan(targets[one:two]), Plan(targets[two:]))
    alone, joint = Masker(PLAN, _named), Masker(parts, _named)
    for piece in _split(text, chance):
        assert joint.feed(piece) == alone.feed(piece)
    assert joint.finish() == alone.finish()


@settings(max_examples=TEXTS, deadline=None, database=None)
@given(text=texts, seed=st.integers(0, 2**32))
@example(text="---BEGIN KEY---MIIBqq777no777 code:abcdef", seed=1)
@example(text="---BEGIN KEY---ghp_12345 AKIA", seed=2)
def test_what_is_only_counted_is_counted_for_every_cut_the_same_and_holds_nothing_back(
    text: str, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    found, until = Counter[int](), 0
    for start, target, end in spans(thinned(text), RULES):
        if target in NOTED:
            found[target] += start >= until
            until = max(until, end)
    loud = [at for at in range(len(RULES)) if at not in QUIET]
    expected = masked(text, LOUD)
    for _ in range(6):
        counted = Counter[int]()
        noting = Noting(NOTED, lambda target, counted=counted: counted.update([target]))
        both = Masker(WATCHED, _named, noting=noting)
        alone = Masker(Plan([PLAN.targets[at] for at in loud]), lambda target: _named(loud[target]))
        shown = ""
        for piece in _split(text, chance):
            out = both.feed(piece)
            assert out == alone.feed(piece)
            assert both.held == alone.held
            shown += out
        assert shown + both.finish() == expected
        assert +counted == +found


@pytest.mark.parametrize("most", [1, 50, 1000])
def test_what_is_only_counted_is_not_counted_within_a_long_run_of_base64(most: int) -> None:
    text = f"so Qab {run(Chance(2), 900)} and Qab, Qab"
    counted: list[int] = []
    plan = Plan([Target("hungry", parse("Q[A-Za-z0-9]{2,30}"))], frozenset({0}))
    masker = Masker(plan, str, noting=Noting(frozenset({0}), counted.append))
    pieces = [text[at : at + most] for at in range(0, len(text), most)]
    assert "".join(map(masker.feed, pieces)) + masker.finish() == text
    assert counted == [0, 0, 0]


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_too_much_that_is_only_counted_does_not_end_the_text(most: int) -> None:
    quiet = [Target(f"t{at}", parse("zqj(?:[a-z]+|NNNx)")) for at in range(MAX_CANDIDATES + 1)]
    plan = Plan([Target("key", parse("key=[a-z]{4}")), *quiet], frozenset(range(1, 98)))
    text = f"see zqj{'ab' * 40} and key=abcd"
    masker = Masker(plan, lambda _: "[key]", noting=Noting(plan.quiet, int))
    pieces = [text[at : at + most] for at in range(0, len(text), most)]
    shown = "".join(map(masker.feed, pieces)) + masker.finish()
    assert shown == text.replace("key=abcd", "[key]")


def test_what_is_only_counted_does_not_wait_for_the_end_of_another_mask() -> None:
    targets = [Target("long", parse("sk-[a-z0-9-]{6,30}")), Target("short", parse("zq[0-9]{4}"))]
    counted: list[int] = []
    masker = Masker(
        Plan(targets, frozenset({1})), str, noting=Noting(frozenset({1}), counted.append)
    )
    masker.feed("sk-")
    for done in range(200):
        assert len(counted) > done - 50  # else a long text would be kept, and counted at its end
        masker.feed("zq1234-")


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_what_another_mask_covers_is_told_and_its_text_may_be_let_go(most: int) -> None:
    told: list[str] = []
    kept: list[str] = []
    names = ("credential", "rule", "rule")

    def label(target: int) -> str:
        told.append(names[target])
        return f"[{names[target]}]"

    def keep(target: int) -> Callable[[str | None], None] | None:
        if target == 0:
            return None
        number = len(kept)
        kept.append("")

        def take(piece: str | None) -> None:
            kept[number] = "gone" if piece is None else kept[number] + piece

        return take

    def covered(target: int) -> bool:
        if target == 0:
            told.append("covered credential")
        return target == 0

    credential = Plan([Target("credential", literal_pattern("abc-123"))])
    rule = Plan([Target("rule", parse("key=[a-z0-9-]{4,30}")), Target("rule", parse("x:abc"))])
    masker = Masker(Joint(credential, rule), label, keep=keep, covered=covered)
    text = "key=xabc-123y abc-123, key=abcd x:abc-\u200b123 x:abc-"
    pieces = [text[at : at + most] for at in range(0, len(text), most)]
    shown = "".join(map(masker.feed, pieces)) + masker.finish()
    assert shown == "[rule] [credential], [rule] [rule] [rule]-"
    assert told == ["rule", "covered credential", "credential", "rule", "rule", *told[5:]]
    assert told[5:] == ["covered credential", "rule"]
    assert kept == ["gone", "key=abcd", "gone", "x:abc"]
