"""Who may decide on a hold, and what their word does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.hold import Hold, HoldEvent, HoldState, Person, Vote
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.verdict import Action, Approval, FiredRule, Risk, Verdict
from policies.approvals.approval import (
    Objection,
    Voter,
    approvals,
    denials,
    judge,
    judge_break_glass,
    missing,
    released_by_people,
)
from policies.approvals.grant_lengths import grant_length, grant_lengths

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


def test_what_covers_a_hold_is_no_vote_for_it() -> None:
    one, two = approved_by(MARIA), (*approved_by(MARIA), *approved_by(MARCUS))
    assert not released_by_people(hold(quorum=2, votes=one))
    assert not released_by_people(hold())
    assert released_by_people(hold(quorum=2, votes=two))
    glass = tuple(replace(vote, broke_glass=True) for vote in one)
    assert released_by_people(hold(quorum=2, votes=glass))


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


def test_an_identity_makes_one_person_of_slack_and_terminal_and_none_of_two_on_terminals() -> None:
    held = hold(quorum=2)
    in_slack = Person("U1", "maria@acme.example", "Maria", identities=("idp maria",))
    here = Person("", "m.lopez@acme.example", "Maria", identities=("idp maria",))
    other = Person("", "marcus@acme.example", "Marcus", identities=("idp marcus",))
    for first, second in ((in_slack, here), (here, in_slack)):
        once = replace(held, votes=approved_by(first))
        assert word(once, voter(second)) is Objection.ALREADY_VOTED
    assert word(replace(held, votes=approved_by(here)), voter(other)) is HoldEvent.APPROVE


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


def test_approvals_count_people_by_the_last_they_said() -> None:
    votes = (*approved_by(MARIA, MARCUS, MARIA), Vote(MARCUS, approve=False, at=NOW))
    assert (approvals(hold(votes=votes)), denials(hold(votes=votes))) == (1, 1)


def test_two_accounts_joined_by_a_third_are_one_person() -> None:
    joint = replace(MARIA, slack_user="U2")
    assert approvals(hold(votes=approved_by(MARIA, MARCUS, joint))) == 1


def terms(**changes: Any) -> Hold:  # noqa: ANN401 - fields of the approval
    return hold(verdict=Verdict(Action.HOLD, (), "r1", Approval(("managers",), **changes)))


def said(person: Person, *sets: str, approve: bool = True) -> Vote:
    return Vote(person, approve, NOW, sets=sets)


def test_a_set_that_must_be_represented_is_waited_for_even_with_people_enough() -> None:
    held = terms(quorum=2, each_of=("security",))
    held = replace(held, votes=(said(MARIA, "managers"),))
    assert word(held, voter(MARCUS)) is HoldEvent.VOTE
    assert word(held, voter(MARCUS, member_of=frozenset({"security"}))) is HoldEvent.APPROVE
    assert missing(held) == (("security",),)


def test_one_person_does_not_stand_for_two_sets() -> None:
    both = ("managers", "security")
    held = replace(terms(quorum=2, each_of=both), votes=(said(MARIA, *both),))
    assert missing(held) == (both,)
    assert word(held, voter(MARCUS)) is HoldEvent.APPROVE


@pytest.mark.parametrize(
    ("votes", "lacking"),
    [
        ([("a",)], [("b",), ("c",)]),
        ([("a", "b")], [("a", "b"), ("c",)]),
        ([("a", "b"), ("b", "c")], [("a", "b", "c")]),
        ([("a", "b"), ("a", "b")], [("c",)]),
        ([("a", "b"), ("a", "c"), ("d",)], [("a", "b", "c")]),
        ([("a",), ("b",), ("c",)], []),
    ],
)
def test_whoever_would_do_for_an_empty_seat_is_named(
    votes: list[tuple[str, ...]], lacking: list[tuple[str, ...]]
) -> None:
    people = [Person(f"U{at}", f"p{at}@acme.example", "P") for at in range(len(votes))]
    held = terms(quorum=3, each_of=("a", "b", "c"))
    cast = tuple(said(who, *sets) for who, sets in zip(people, votes, strict=True))
    assert list(missing(replace(held, votes=cast))) == lacking


def test_with_a_majority_one_denial_is_a_word_and_as_many_as_the_quorum_deny() -> None:
    held = terms(quorum=2, majority_denies=True)
    assert word(held, voter(MARIA), approve=False) is HoldEvent.VOTE
    held = replace(held, votes=(said(MARIA, approve=False),))
    assert word(held, voter(MARIA), approve=False) is Objection.ALREADY_VOTED
    assert word(held, voter(MARCUS), approve=False) is HoldEvent.DENY
    assert word(held, voter(MARIA)) is HoldEvent.VOTE


def test_an_escalation_lets_its_sets_vote_from_its_time_on_and_not_before() -> None:
    held = terms(escalate_after=timedelta(minutes=5), escalate_to=("directors",))
    director = voter(member_of=frozenset({"directors"}))
    just_before = NOW + timedelta(minutes=5, milliseconds=-1)
    assert word(held, director, at=just_before) is Objection.NOT_AN_APPROVER
    assert word(held, director, at=NOW + timedelta(minutes=5)) is HoldEvent.APPROVE


@pytest.mark.parametrize(
    ("changes", "risk", "length"),
    [
        ({"grant_up_to": timedelta(minutes=30)}, Risk.HIGH, timedelta(minutes=30)),
        ({"grant_up_to": timedelta(hours=8)}, Risk.LOW, timedelta(hours=1)),
        ({"grant_up_to": timedelta(hours=1)}, Risk.CRITICAL, None),
        ({"grant_up_to": timedelta(hours=1), "quorum": 2}, Risk.HIGH, None),
        ({}, Risk.LOW, None),
    ],
)
def test_a_grant_is_offered_by_one_person_within_the_cap_and_never_at_critical_risk(
    changes: dict[str, Any], risk: Risk, length: timedelta | None
) -> None:
    fired = FiredRule("r", "t", Action.HOLD, risk, "", enforced=True, findings=1, excerpts=())
    verdict = Verdict(Action.HOLD, (fired,), "r1", Approval(("managers",), **changes))
    assert grant_length(hold(verdict=verdict)) == length


def test_the_glass_is_broken_with_a_reason_by_its_group_and_not_for_oneself() -> None:
    lead = voter(may_break_glass=True, member_of=frozenset())
    own = voter(Person("U3", "dana@acme.example", "Dana"), may_break_glass=True)
    assert judge_break_glass(hold(), lead, "production is down", NOW) is None
    assert judge_break_glass(hold(), lead, "  ", NOW) is Objection.NO_REASON
    assert judge_break_glass(hold(), voter(), "down", NOW) is Objection.NO_GLASS
    assert judge_break_glass(hold(), own, "down", NOW) is Objection.OWN_REQUEST
    assert judge_break_glass(hold(state=HoldState.DENIED), lead, "d", NOW) is Objection.OVER


SETS = ("a", "b", "c")
crowds = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans(), st.sets(st.sampled_from(SETS))),
    max_size=7,
)


@given(crowds, st.lists(st.sampled_from(SETS), max_size=3), st.integers(1, 3), st.booleans())
def test_a_quorum_is_met_exactly_when_every_way_to_seat_people_says_so(
    crowd: list[tuple[int, int, bool, set[str]]],
    each_of: list[str],
    quorum: int,
    majority: bool,  # noqa: FBT001 - drawn by position
) -> None:
    """Against an oracle that tries every choice of people for the sets."""
    votes = tuple(
        Vote(Person(f"U{u}", f"{e}@x", ""), approve, NOW, sets=tuple(sorted(sets)))
        for u, e, approve, sets in crowd
    )
    held = replace(
        terms(quorum=quorum, each_of=tuple(each_of), majority_denies=majority), votes=votes
    )
    newcomer = Person("U9", "9@x", "")
    who = voter(newcomer, member_of=frozenset({"managers"}))
    yes = oracle((*votes, said(newcomer, "managers")), approve=True)
    no = [*oracle(votes, approve=False), set[str]()]
    seated = any(
        all(name in person for name, person in zip(each_of, chosen, strict=True))
        for chosen in permutations(yes, len(each_of))
    )
    approves = HoldEvent.APPROVE if len(yes) >= quorum and seated else HoldEvent.VOTE
    denies = HoldEvent.DENY if not majority or len(no) >= quorum else HoldEvent.VOTE
    assert (word(held, who), word(held, who, approve=False)) == (approves, denies)


def oracle(votes: tuple[Vote, ...], *, approve: bool) -> list[set[str]]:
    """The sets of each person whose last vote is this, persons by closing over shared marks."""
    persons: dict[int, set[int]] = {n: {n} for n in range(len(votes))}
    for _ in votes:
        for one, other in combinations(range(len(votes)), 2):
            a, b = votes[one].by, votes[other].by
            if a.slack_user == b.slack_user or a.email == b.email:
                joined = persons[one] | persons[other]
                for n in joined:
                    persons[n] = joined
    last = {max(person) for person in map(frozenset, persons.values())}
    return [set(votes[n].sets) for n in sorted(last) if votes[n].approve is approve]


def test_a_requester_without_a_verified_address_is_told_apart_only_from_who_is_known_there() -> (
    None
):
    nameless = Identity(DANA.issuer, "sub-other", IdentityKind.PERSON, "Somebody")
    held = hold(requester=nameless)
    assert word(held, voter()) is Objection.CANNOT_TELL
    known = Identity(DANA.issuer, "sub-maria", IdentityKind.PERSON, "Maria", MARIA.email)
    assert word(held, voter(identities=(known,))) is HoldEvent.APPROVE


@pytest.mark.parametrize("actor", ["maria", "Maria-Lopez", "maria@acme.example"])
def test_a_job_that_was_started_under_the_approvers_name_counts_as_their_own(actor: str) -> None:
    job = Identity(
        "https://ci.example",
        "repo:acme/x",
        IdentityKind.WORKLOAD,
        "acme/x",
        provenance=Provenance("acme/x", actor=actor),
    )
    lopez = Person("U1", "maria@acme.example", "Maria Lopez")
    assert word(hold(requester=job), voter(lopez)) is Objection.OWN_REQUEST
    assert word(hold(requester=job), voter(MARCUS)) is HoldEvent.APPROVE


@pytest.mark.parametrize(
    ("up_to", "minutes"),
    [
        (10, [10]),
        (15, [15]),
        (60, [15, 60]),
        (90, [15, 60, 90]),
        (480, [15, 60, 240, 480]),
        (10080, [15, 60, 240, 480, 1440, 10080]),
        (None, []),
    ],
)
def test_a_grant_may_have_any_of_a_few_lengths_up_to_the_longest(
    up_to: int | None, minutes: list[int]
) -> None:
    fired = FiredRule("r", "t", Action.HOLD, Risk.LOW, "", enforced=True, findings=1, excerpts=())
    longest = None if up_to is None else timedelta(minutes=up_to)
    terms = Approval(("managers",), grant_up_to=longest)
    held = hold(verdict=Verdict(Action.HOLD, (fired,), "r1", terms))
    assert [length.total_seconds() / 60 for length in grant_lengths(held)] == minutes
    assert grant_length(held) in (*grant_lengths(held), None)
    two = replace(terms, quorum=2)
    assert grant_lengths(hold(verdict=Verdict(Action.HOLD, (fired,), "r1", two))) == ()
