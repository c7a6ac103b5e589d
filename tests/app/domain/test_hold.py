"""The table of a hold, walked in every pair of state and event."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from app.domain.hold import (
    TRANSITIONS,
    GrantSummary,
    Hold,
    HoldEvent,
    HoldState,
    IllegalTransition,
    Marked,
    Person,
    Query,
    Vote,
    asker,
)
from app.domain.identity import Identity, IdentityKind
from app.domain.tool_call import HeldCall
from app.domain.verdict import Action, Approval, Verdict

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
LATER = NOW + timedelta(minutes=3)
PAIRS = list(product(HoldState, HoldEvent))
# Written out by hand and once more, so that a slip in the table is seen here.
LEGAL = {
    ("pending", "vote"): "pending",
    ("pending", "trust"): "pending",
    ("pending", "ask"): "pending",
    ("pending", "answer"): "pending",
    ("pending", "approve"): "approved",
    ("pending", "break_glass"): "approved",
    ("pending", "deny"): "denied",
    ("pending", "deadline"): "expired",
    ("pending", "withdraw"): "withdrawn",
    ("pending", "cover"): "approved",
    ("approved", "claim"): "released",
    ("approved", "lapse"): "lapsed",
    ("released", "give_back"): "approved",
}
VOTE = Vote(Person("U1", "maria@acme.example", "Maria"), approve=True, at=LATER)


def in_state(state: HoldState) -> Hold:
    return Hold(
        id="h1",
        key="k1",
        session_id="s1",
        requester=Identity("https://id.example", "u1", IdentityKind.PERSON, "Dana"),
        connection="openai",
        model="gpt-4o",
        method="POST",
        path="/v1/chat/completions",
        body_bytes=10,
        digest="d",
        verdict=Verdict(Action.HOLD, (), "r1", Approval(("managers",), keep=timedelta(minutes=9))),
        created_at=NOW,
        deadline=NOW + timedelta(minutes=10),
        state=state,
        revision=3,  # odd: 4 | 1 would be 4 + 1
    )


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_each_event_in_each_state_does_what_the_table_says_and_nothing_else(
    state: HoldState, event: HoldEvent
) -> None:
    before = in_state(state)
    if expected := LEGAL.get((state.value, event.value)):
        after = before.after(event, LATER)
        assert after.state.value == expected
        assert after.revision == before.revision + 1
    else:
        with pytest.raises(IllegalTransition, match=f"{state.value} cannot take {event.value}"):
            before.after(event, LATER)


def test_a_word_for_trusting_text_is_kept_apart_from_the_votes() -> None:
    said = in_state(HoldState.PENDING).after(HoldEvent.TRUST, LATER, VOTE)
    assert (said.votes, said.trusting) == ((), (VOTE,))
    voted = said.after(HoldEvent.VOTE, LATER, VOTE)
    assert (voted.votes, voted.trusting) == ((VOTE,), (VOTE,))


def test_the_table_holds_the_legal_steps_only() -> None:
    assert {(s.value, e.value): t.value for (s, e), t in TRANSITIONS.items()} == LEGAL


@pytest.mark.parametrize("state", HoldState)
def test_a_state_is_open_exactly_while_something_can_happen_to_it(state: HoldState) -> None:
    assert state.open is (state.value in {"pending", "approved"})


def test_a_hold_that_is_over_stays_as_it_is_unless_its_claim_is_given_back() -> None:
    over = [state for state in HoldState if not state.open]
    assert len(over) == 5
    for state, event in set(product(over, HoldEvent)) - {(HoldState.RELEASED, HoldEvent.GIVE_BACK)}:
        with pytest.raises(IllegalTransition):
            in_state(state).after(event, LATER)


def test_only_the_approval_sets_how_long_it_is_kept() -> None:
    approved = in_state(HoldState.PENDING).after(HoldEvent.APPROVE, LATER, VOTE)
    assert approved.keep_until == LATER + timedelta(minutes=9)
    for event in (HoldEvent.VOTE, HoldEvent.DENY, HoldEvent.DEADLINE, HoldEvent.WITHDRAW):
        assert in_state(HoldState.PENDING).after(event, LATER).keep_until is None


def test_what_is_given_back_is_as_it_was_when_it_was_approved() -> None:
    approved = in_state(HoldState.PENDING).after(HoldEvent.APPROVE, LATER, VOTE)
    claimed = approved.after(HoldEvent.CLAIM, LATER + timedelta(minutes=2))
    back = claimed.after(HoldEvent.GIVE_BACK, LATER + timedelta(minutes=3))
    assert back == replace(approved, revision=approved.revision + 2)
    assert back.state.open


def test_a_claim_keeps_the_time_of_the_decision() -> None:
    approved = in_state(HoldState.PENDING).after(HoldEvent.APPROVE, LATER, VOTE)
    claimed = approved.after(HoldEvent.CLAIM, LATER + timedelta(minutes=2))
    assert claimed.decided_at == LATER


def test_a_vote_short_of_the_quorum_is_kept_and_decides_nothing() -> None:
    voted = in_state(HoldState.PENDING).after(HoldEvent.VOTE, LATER, VOTE)
    assert (voted.state, voted.votes, voted.decided_at) == (HoldState.PENDING, (VOTE,), None)


@pytest.mark.parametrize("state", HoldState)
def test_only_an_open_hold_is_due_and_at_its_own_time(state: HoldState) -> None:
    held = replace(in_state(state), keep_until=LATER)
    due = {HoldState.PENDING: held.deadline, HoldState.APPROVED: LATER}
    assert held.due_at == due.get(state)


def test_the_clock_wakes_for_reminder_escalation_and_end_in_turn() -> None:
    terms = Approval(
        ("managers",), remind_after=timedelta(minutes=3), escalate_after=timedelta(minutes=5)
    )
    held = replace(in_state(HoldState.PENDING), verdict=Verdict(Action.HOLD, (), "r1", terms))
    assert held.wakes_at == NOW + timedelta(minutes=3)
    held = replace(held, reminded_at=LATER)
    assert held.wakes_at == NOW + timedelta(minutes=5)
    held = replace(held, escalated_at=LATER)
    assert held.wakes_at == held.deadline
    for state in HoldState:
        assert not replace(held, state=state, reminded_at=None).wakes_at or state.open


def test_each_move_is_named_once_and_in_turn() -> None:
    voted = in_state(HoldState.PENDING).after(HoldEvent.VOTE, LATER, VOTE, move="first")
    assert voted.moves == ("first",)
    denied = voted.after(HoldEvent.DENY, LATER, VOTE, move="second")
    assert (denied.moves, denied.votes) == (("first", "second"), (VOTE, VOTE))
    assert voted.after(HoldEvent.WITHDRAW, LATER).moves == ("first",)


def test_a_note_stays_until_another_is_given() -> None:
    noted = in_state(HoldState.PENDING).after(HoldEvent.VOTE, LATER, note="asked twice")
    assert noted.after(HoldEvent.DEADLINE, LATER).note == "asked twice"
    assert noted.after(HoldEvent.DEADLINE, LATER, note="too late").note == "too late"


@pytest.mark.parametrize(
    ("event", "at"),
    [
        (HoldEvent.DENY, LATER),
        (HoldEvent.DEADLINE, LATER),
        (HoldEvent.WITHDRAW, LATER),
        (HoldEvent.VOTE, None),
    ],
)
def test_what_ends_a_hold_sets_the_time_of_the_decision(
    event: HoldEvent, at: datetime | None
) -> None:
    assert in_state(HoldState.PENDING).after(event, LATER).decided_at == at


def test_a_claim_sets_no_time_of_its_own_and_a_lapse_does() -> None:
    approved = in_state(HoldState.APPROVED)
    assert approved.after(HoldEvent.CLAIM, LATER).decided_at is None
    assert approved.after(HoldEvent.LAPSE, LATER).decided_at == LATER


def test_a_hold_without_terms_is_neither_kept_nor_woken_before_its_deadline() -> None:
    bare = replace(in_state(HoldState.PENDING), verdict=Verdict(Action.HOLD, (), "r1", None))
    assert bare.after(HoldEvent.APPROVE, LATER).keep_until is None
    assert (bare.reminds_at, bare.escalates_at) == (None, None)
    assert bare.wakes_at == bare.deadline


def test_only_a_pending_hold_reminds_and_escalates_and_each_once() -> None:
    terms = Approval(
        ("managers",), remind_after=timedelta(minutes=3), escalate_after=timedelta(minutes=5)
    )
    held = replace(in_state(HoldState.PENDING), verdict=Verdict(Action.HOLD, (), "r1", terms))
    assert held.reminds_at == NOW + timedelta(minutes=3)
    assert held.escalates_at == NOW + timedelta(minutes=5)
    assert replace(held, reminded_at=LATER).reminds_at is None
    assert replace(held, escalated_at=LATER).escalates_at is None
    for state in set(HoldState) - {HoldState.PENDING}:
        moved = replace(held, state=state)
        assert (moved.reminds_at, moved.escalates_at) == (None, None)


def test_a_hold_is_attached_while_a_caller_is() -> None:
    assert not in_state(HoldState.PENDING).attached
    assert replace(in_state(HoldState.PENDING), callers=("g:1",)).attached


def test_only_a_call_in_an_answer_is_held_there() -> None:
    request = in_state(HoldState.PENDING)
    assert not request.is_of_answer
    assert replace(request, tool=HeldCall("Bash", "{}")).is_of_answer
    assert not replace(request, tool=HeldCall("fly", "{}", is_request=True)).is_of_answer


def test_a_new_hold_is_pending_with_nothing_said() -> None:
    known = in_state(HoldState.PENDING)
    new = Hold(**{name: getattr(known, name) for name in Hold.__match_args__[:13]})
    assert (new.state, new.revision, new.votes, new.moves) == (HoldState.PENDING, 0, (), ())
    assert (VOTE.shared, VOTE.broke_glass, VOTE.once) == (True, False, False)
    assert (VOTE.for_task, VOTE.change) == (False, "")
    assert new.asker == asker(new.requester.key, new.connection, new.call)
    granted = GrantSummary(("g1",), 60, LATER)
    assert (granted.uses, granted.over, granted.passages) == (0, False, 0)


@pytest.mark.parametrize(
    "value",
    [
        VOTE,
        VOTE.by,
        in_state(HoldState.PENDING),
        GrantSummary(("g",), 1, NOW),
        Marked("r", "U1"),
        Query(VOTE.by, "Which database?", NOW),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_known_of_a_hold_is_never_changed_in_place(value: object) -> None:
    name = type(value).__match_args__[0]  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, "other")
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("state", HoldState)
def test_people_have_judged_what_their_votes_decided(state: HoldState) -> None:
    decided = state.value in {"approved", "released", "lapsed", "denied"}
    over = in_state(state)
    assert replace(over, votes=(VOTE,)).judged is decided
    assert not over.judged
    assert not replace(over, votes=(VOTE, replace(VOTE, broke_glass=True))).judged


@pytest.mark.parametrize("state", HoldState)
def test_what_was_let_go_on_without_a_vote_was_covered(state: HoldState) -> None:
    goes_on = state in {HoldState.APPROVED, HoldState.RELEASED, HoldState.LAPSED}
    assert replace(in_state(state), votes=()).covered is goes_on
    assert replace(in_state(state), votes=(VOTE,)).covered is False


def test_of_several_who_approve_a_call_changed_the_last_counts() -> None:
    first, last = (replace(VOTE, change=change) for change in ("first", "last"))
    refused = replace(VOTE, approve=False, change="refused")
    held = in_state(HoldState.PENDING)
    assert replace(held, votes=(first, first, last, VOTE, refused)).change == "last"
    assert replace(held, votes=(VOTE, refused)).change == held.change == ""


def test_a_person_is_found_by_every_identity_and_the_address_they_have() -> None:
    maria = replace(VOTE.by, email="Maria@ACME.example", identities=("id#1", "id#2"))
    assert maria.names == {"id#1", "id#2", "maria@acme.example"}
    assert replace(maria, email="").names == {"id#1", "id#2"}
    assert replace(VOTE.by, email="").names == set()
