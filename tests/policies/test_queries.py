"""Who may ask a requester and who may answer, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.hold import HoldState
from policies.approvals.approval import Objection, Voter
from policies.approvals.queries import answered, asked, unanswered
from tests.bot.values import DANA, MARIA, NOW, hold, vote

SOON = NOW + timedelta(minutes=1)
APPROVER = Voter(MARIA, member_of=frozenset({"managers"}))
REQUESTER = Voter(replace(MARIA, slack_user="U0DANA0001", email=DANA.email, name=DANA.name))
STRANGER = Voter(replace(MARIA, slack_user="U0BOB", email="bob@acme.example"))
ASKED = asked(hold(), APPROVER, "Which cluster?", SOON, "ask")


@pytest.mark.parametrize(
    ("who", "objection"),
    [
        (STRANGER, Objection.NOT_AN_APPROVER),
        (REQUESTER, Objection.OWN_REQUEST),
        (Voter(replace(MARIA, email=""), member_of=APPROVER.member_of), Objection.UNVERIFIED),
    ],
)
def test_only_who_may_decide_asks(who: Voter, objection: Objection) -> None:
    assert asked(hold(), who, "?", SOON, "m") is objection


@pytest.mark.parametrize("who", [STRANGER, APPROVER])
def test_only_the_requester_answers(who: Voter) -> None:
    assert not isinstance(ASKED, Objection)
    assert answered(ASKED, who, 0, "!", SOON, "m") is Objection.NOT_THE_REQUESTER


def test_a_question_and_its_answer_change_nothing_else() -> None:
    assert not isinstance(ASKED, Objection)
    assert unanswered(ASKED)
    done = answered(ASKED, REQUESTER, 0, "staging", SOON, "answer")
    assert not isinstance(done, Objection)
    assert not unanswered(done)
    assert (done.state, done.votes, done.decided_at) == (HoldState.PENDING, (), None)
    assert (done.revision, done.moves) == (2, ("ask", "answer"))
    [query] = done.queries
    assert (query.by, query.text, query.answer) == (MARIA, "Which cluster?", "staging")


def test_each_of_several_questions_takes_its_own_answer() -> None:
    assert not isinstance(ASKED, Objection)
    more = asked(ASKED, APPROVER, "And which pod?", SOON, "m")
    assert not isinstance(more, Objection)
    done = answered(more, REQUESTER, 1, "web-1", SOON, "m")
    assert not isinstance(done, Objection)
    assert [query.answer for query in done.queries] == ["", "web-1"]


@pytest.mark.parametrize("number", [-1, 0, 1, 2])
def test_what_is_answered_or_was_never_asked_takes_no_answer(number: int) -> None:
    assert not isinstance(ASKED, Objection)
    if number != 0:
        assert answered(ASKED, REQUESTER, number, "prod", SOON, "m") is Objection.ANSWERED
    done = answered(ASKED, REQUESTER, 0, "staging", SOON, "m")
    assert not isinstance(done, Objection)
    assert answered(done, REQUESTER, number, "prod", SOON, "m") is Objection.ANSWERED


def test_there_is_an_end_to_questions() -> None:
    held = hold()
    for number in (2, 3, 1):
        more = asked(held, APPROVER, f"{number}?", SOON, "m")
        assert not isinstance(more, Objection)
        held = more
    assert asked(held, APPROVER, "?", SOON, "m") is Objection.ASKED_ENOUGH
    too_many = replace(held, queries=(*held.queries, held.queries[0]))
    assert asked(too_many, APPROVER, "?", SOON, "m") is Objection.ASKED_ENOUGH


@pytest.mark.parametrize("state", [state for state in HoldState if state is not HoldState.PENDING])
def test_nothing_is_asked_or_answered_after_the_end(state: HoldState) -> None:
    assert not isinstance(ASKED, Objection)
    over = replace(ASKED, state=state)
    assert asked(over, APPROVER, "?", SOON, "m") is Objection.OVER
    assert answered(over, REQUESTER, 0, "!", SOON, "m") is Objection.OVER
    assert not unanswered(over)


def test_nothing_is_asked_or_answered_after_the_deadline() -> None:
    assert not isinstance(ASKED, Objection)
    for late in (ASKED.deadline, ASKED.deadline + timedelta(seconds=1)):
        assert asked(ASKED, APPROVER, "?", late, "m") is Objection.TOO_LATE
        assert answered(ASKED, REQUESTER, 0, "!", late, "m") is Objection.TOO_LATE


def test_who_has_voted_may_still_ask() -> None:
    held = hold(quorum=2, votes=(vote(MARIA),))
    against = hold(quorum=2, votes=(vote(MARIA, approve=False),))
    for one in (held, against):
        assert not isinstance(asked(one, APPROVER, "?", SOON, "m"), Objection)


def test_a_form_that_slack_delivers_twice_asks_once() -> None:
    assert not isinstance(ASKED, Objection)
    assert asked(ASKED, APPROVER, "Which cluster?", SOON, "m") is Objection.ASKED_ALREADY
