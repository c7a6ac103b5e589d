"""Who may decide on a hold, and what their word does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.hold import Hold, HoldEvent, HoldState, Person, Vote
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.verdict import Action, Approval, Verdict
from policies.approval import Objection, Voter, approvals, judge

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
DANA = Identity("https://id.example", "sub-dana", IdentityKind.PERSON, "Dana", "dana@acme.example")
MARIA = Person("U1", "maria@acme.example", "Maria")
MARCUS = Person("U2", "marcus@acme.example", "Marcus")


def hold(*, quorum: int = 1, **changes: Any) -> Hold:  # noqa: ANN401 - fields to replace
    made = Hold(
        id="h1",
        key="k1",
        session_id="s1",
        requester=DANA,
        connection="openai",
        model="",
        method="POST",
        path="/",
        body_bytes=1,
        digest="d",
        verdict=Verdict(Action.HOLD, (), "r1", Approval(("managers", "security"), quorum)),
        created_at=NOW,
        deadline=NOW + timedelta(minutes=10),
    )
    return replace(made, **changes)


def voter(person: Person = MARIA, **changes: Any) -> Voter:  # noqa: ANN401 - fields to replace
    return replace(Voter(person, member_of=frozenset({"managers"})), **changes)


def word(held: Hold, who: Voter, *, approve: bool = True, at: datetime = NOW) -> object:
    return judge(held, who, approve=approve, now=at)


def approved_by(*people: Person) -> tuple[Vote, ...]:
    return tuple(Vote(person, approve=True, at=NOW) for person in people)


def test_one_approver_is_enough_for_a_quorum_of_one() -> None:
    assert word(hold(), voter()) is HoldEvent.APPROVE


def test_a_quorum_of_two_takes_two_people() -> None:
    first = word(hold(quorum=2), voter())
    second = word(hold(quorum=2, votes=approved_by(MARIA)), voter(MARCUS))
    assert (first, second) == (HoldEvent.VOTE, HoldEvent.APPROVE)


def test_one_denial_denies_whatever_the_quorum() -> None:
    held = hold(quorum=3, votes=approved_by(MARIA))
    assert word(held, voter(MARCUS), approve=False) is HoldEvent.DENY


@pytest.mark.parametrize(
    "again",
    [
        MARIA,
        replace(MARIA, slack_user="U9", email="MARIA@acme.example"),
        replace(MARIA, email="other@acme.example"),
    ],
    ids=["the same account", "another account of the same address", "the address changed"],
)
def test_a_person_counts_once_towards_the_quorum(again: Person) -> None:
    held = hold(quorum=2, votes=approved_by(MARIA))
    assert word(held, voter(again)) is Objection.ALREADY_VOTED


def test_a_person_in_two_approver_sets_counts_once() -> None:
    both = frozenset({"managers", "security"})
    held = hold(quorum=2, votes=approved_by(MARIA))
    assert word(held, voter(member_of=both)) is Objection.ALREADY_VOTED


def test_who_approved_may_still_deny() -> None:
    held = hold(quorum=2, votes=approved_by(MARIA))
    assert word(held, voter(MARIA), approve=False) is HoldEvent.DENY


@pytest.mark.parametrize("approve", [True, False])
@pytest.mark.parametrize(
    "who",
    [
        voter(Person("U3", "dana@acme.example", "Dana")),
        voter(Person("U3", "DANA@Acme.example", "Boss")),
        voter(Person("U3", "d.reyes@acme.example", "Dana"), identities=(DANA,)),
        voter(
            Person("U3", "boss@acme.example", "Boss"),
            identities=(replace(DANA, subject="other", email="Dana@acme.example"),),
        ),
    ],
    ids=["by address", "by address in capitals", "by subject", "by the provider's address"],
)
def test_nobody_decides_on_their_own_request(*, who: Voter, approve: bool) -> None:
    assert word(hold(), who, approve=approve) is Objection.OWN_REQUEST


def test_an_administrator_is_no_exception() -> None:
    groups = frozenset({"admins", "managers"})
    admin = replace(DANA, groups=groups)
    who = voter(
        Person("U3", "root@acme.example", "Root"),
        identities=(admin,),
        member_of=frozenset({"managers", "security", "admins"}),
    )
    assert word(hold(requester=admin), who) is Objection.OWN_REQUEST


def test_a_subject_counts_only_with_its_issuer() -> None:
    elsewhere = Identity("https://other.example", DANA.subject, IdentityKind.PERSON, "Maria")
    assert word(hold(), voter(identities=(elsewhere,))) is HoldEvent.APPROVE


def test_who_started_a_ci_job_does_not_release_it() -> None:
    job = Identity(
        "https://ci.example",
        "repo:acme/x",
        IdentityKind.WORKLOAD,
        "acme/x",
        provenance=Provenance("acme/x", actor="maria@acme.example"),
    )
    assert word(hold(requester=job), voter()) is Objection.OWN_REQUEST
    assert word(hold(requester=job), voter(MARCUS)) is HoldEvent.APPROVE


def test_two_people_without_an_address_are_not_the_same_person() -> None:
    job = Identity("https://ci.example", "repo:acme/x", IdentityKind.WORKLOAD, "acme/x")
    assert word(hold(requester=job), voter()) is HoldEvent.APPROVE


def test_without_a_verified_address_nobody_votes() -> None:
    assert word(hold(), voter(replace(MARIA, email=""))) is Objection.UNVERIFIED


@pytest.mark.parametrize("sets", [frozenset[str](), frozenset({"auditors"})])
def test_who_is_in_no_approver_set_of_the_rule_may_not_vote(sets: frozenset[str]) -> None:
    assert word(hold(), voter(member_of=sets)) is Objection.NOT_AN_APPROVER


def test_a_hold_without_terms_can_be_decided_by_nobody() -> None:
    held = hold(verdict=Verdict(Action.HOLD, (), "r1"))
    assert word(held, voter()) is Objection.NOT_AN_APPROVER


@pytest.mark.parametrize("state", [state for state in HoldState if state is not HoldState.PENDING])
def test_a_decided_hold_takes_no_vote(state: HoldState) -> None:
    assert word(hold(state=state), voter()) is Objection.OVER


def test_a_vote_at_the_deadline_comes_too_late() -> None:
    held = hold()
    assert word(held, voter(), at=held.deadline) is Objection.TOO_LATE
    assert word(held, voter(), at=held.deadline - timedelta(milliseconds=1)) is HoldEvent.APPROVE


def test_approvals_count_people_and_no_denials() -> None:
    votes = (*approved_by(MARIA, MARCUS, MARIA), Vote(MARCUS, approve=False, at=NOW))
    assert approvals(hold(votes=votes)) == 2
