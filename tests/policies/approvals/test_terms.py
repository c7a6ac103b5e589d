"""Of several rules that hold a request, the terms that are hardest to meet count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.verdict import Action, Approval, Verdict
from policies.approvals.terms import with_terms
from tests.policies.passages.questions import fired

MINUTE = timedelta(minutes=1)
EASY = Approval(("a", "b"), 1, expires=10 * MINUTE)


def terms(*approvals: Approval) -> Approval | None:
    rules = tuple(fired(f"r{at}", f"p{at}", terms=each) for at, each in enumerate(approvals))
    return with_terms(Verdict(Action.HOLD, rules, "r1")).approval


@pytest.mark.parametrize(
    "harder",
    [
        replace(EASY, quorum=2, expires=60 * MINUTE),
        replace(EASY, each_of=("c",), expires=60 * MINUTE),
        replace(EASY, expires=9 * MINUTE, approvers=("a", "b", "c")),
        replace(EASY, approvers=("a",)),
    ],
    ids=["people", "sets", "time", "choice"],
)
def test_more_people_are_harder_then_less_time_then_fewer_to_ask(harder: Approval) -> None:
    assert terms(EASY, harder) == harder
    assert terms(harder, EASY) == harder


def test_people_count_before_sets_and_sets_before_time() -> None:
    two = replace(EASY, quorum=2)
    one_of_each = replace(EASY, each_of=("c", "d"))
    assert terms(two, one_of_each) == two
    assert terms(one_of_each, replace(EASY, expires=MINUTE)) == one_of_each


def test_of_everything_else_the_strictest_counts_whichever_rule_says_it() -> None:
    hard = replace(EASY, quorum=2, majority_denies=True, grant_up_to=30 * MINUTE)
    strict = replace(
        EASY, reason_required=True, grant_up_to=20 * MINUTE, denied_for=timedelta(hours=2)
    )
    expected = replace(strict, quorum=2)
    assert terms(hard, strict) == terms(strict, hard) == expected
    assert terms(hard, replace(strict, majority_denies=True)) == replace(
        expected, majority_denies=True
    )
    ungranted = terms(hard, replace(strict, grant_up_to=None))
    assert ungranted is not None
    assert ungranted.grant_up_to is None


def test_a_verdict_that_asks_nothing_has_no_terms() -> None:
    assert terms() is None
