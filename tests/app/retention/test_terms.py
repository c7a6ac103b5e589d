from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.record.legal_hold import HoldScope, LegalHold
from app.domain.record.session import RecordedAnswer, SessionState
from app.domain.record.session_facts import Conversation
from app.domain.verdict import Action, FiredRule, Risk, Verdict
from app.retention.terms import Due, Terms, due
from tests.app.storage.test_mongo import NOW, a_session

FIRED = FiredRule(
    "strict", "t", Action.ALLOW, Risk.LOW, "e", enforced=False, findings=1, excerpts=()
)
SESSION = a_session(
    NOW,
    state=SessionState.CLOSED,
    verdict=Verdict(Action.ALLOW, (FIRED,), "r"),
    answer=RecordedAnswer(200, (), NOW, rules=("answers",)),
    conversation=Conversation("c1", "c1", "header"),
)


@pytest.mark.parametrize(
    ("terms", "days", "by"),
    [
        (Terms(), None, ""),
        (Terms(30), 30, "connection openai"),
        (Terms(30, {"openai": 7}), 7, "connection openai"),
        (Terms(30, {"openai": 7}, {"strict": 90}), 90, "rule strict"),
        (Terms(30, {}, {"strict": 7, "answers": 8}), 30, "connection openai"),
        (Terms(0, {}, {"strict": 7, "answers": 8}), 8, "rule answers"),
        (Terms(0, {"other": 7}, {"other": 9}), None, ""),
    ],
    ids=["none", "default", "own", "rule", "longest", "rules alone", "others"],
)
def test_the_longest_of_what_is_demanded_counts(terms: Terms, days: int | None, by: str) -> None:
    if days is None:
        assert due(SESSION, terms, [], NOW + timedelta(days=10_000)) is None
        return
    assert due(SESSION, terms, [], NOW + timedelta(days=days)) == Due(days, by)
    assert due(SESSION, terms, [], NOW + timedelta(days=days, milliseconds=-1)) is None
    still_open = replace(SESSION, state=SessionState.OPEN)
    assert due(still_open, terms, [], NOW + timedelta(days=days)) is None


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        (HoldScope.SESSION, SESSION.id),
        (HoldScope.PERSON, SESSION.identity.key),
        (HoldScope.CONVERSATION, "c1"),
    ],
    ids=[scope.value for scope in HoldScope],
)
def test_a_legal_hold_goes_before_all_of_it(scope: HoldScope, target: str) -> None:
    later = NOW + timedelta(days=31)
    held = LegalHold("h", scope, target, "a dispute", "jo", NOW)
    assert due(SESSION, Terms(30), [], later)
    assert due(SESSION, Terms(30), [held], later) is None
    assert due(SESSION, Terms(30), [replace(held, target="another")], later)
