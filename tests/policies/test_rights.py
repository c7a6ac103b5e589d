"""Who somebody is to a hold: its requester, an approver, the requester's manager, an auditor."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.hold import Hold, HoldEvent, Person
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.verdict import Action, Approval, FiredRule, Risk, Verdict
from policies.approvals.approval import (
    Objection,
    Voter,
    approvals,
    asked,
    concerned,
    denials,
    judge_break_glass,
    judge_mark,
    may_decide,
    missing,
    quorum,
    sets_of,
    shares,
)
from policies.approvals.grant_lengths import grant_length
from tests.policies.test_approval import DANA, MARCUS, MARIA, NOW, hold, said, terms, voter, word

NOBODY = Voter(Person("U8", "ines@acme.example", "Ines"))
BARE = hold(verdict=Verdict(Action.HOLD, (), "r1"))


def held_for(requester: Identity) -> Hold:
    return hold(requester=requester)


def mark(held: Hold, who: Voter, *, auditor: bool = False) -> Objection | None:
    return judge_mark(held, who, auditor=auditor, now=NOW)


def test_approvers_and_auditors_may_call_a_rule_a_false_alarm_and_nobody_else() -> None:
    assert mark(hold(), voter()) is None
    assert mark(hold(), NOBODY, auditor=True) is None
    assert mark(hold(), NOBODY) is Objection.NO_MARK
    assert mark(hold(), replace(NOBODY, person=replace(MARIA, email="")), auditor=True) is (
        Objection.UNVERIFIED
    )
    own = voter(Person("U3", "dana@acme.example", "Dana"))
    assert mark(hold(), own, auditor=True) is Objection.OWN_RULES


def test_an_auditor_who_cannot_be_told_from_the_requester_marks_nothing() -> None:
    nameless = Identity(DANA.issuer, "sub-other", IdentityKind.PERSON, "Somebody")
    assert mark(held_for(nameless), voter()) is Objection.CANNOT_TELL
    assert mark(held_for(nameless), NOBODY) is Objection.NO_MARK
    known = Identity(DANA.issuer, "sub-maria", IdentityKind.PERSON, "Maria")
    assert mark(held_for(nameless), voter(identities=(known,))) is None


def test_holds_are_shared_out_in_their_order() -> None:
    mine = [hold(id=name, requester=replace(DANA, email=MARIA.email)) for name in ("m1", "m2")]
    theirs = [hold(id=name) for name in ("t1", "t2")]
    others = [replace(BARE, id=name) for name in ("o1", "o2")]
    mixed = [each for three in zip(others, mine, theirs, strict=True) for each in three]
    assert shares(mixed, voter(), NOW) == (mine, theirs, others)


def test_an_own_request_is_nobody_elses_even_for_an_approver() -> None:
    own = voter(Person("U3", "dana@acme.example", "Dana"))
    assert shares([hold()], own, NOW) == ([hold()], [], [])


def test_a_hold_without_terms_asks_nobody_and_needs_more_people_than_there_are() -> None:
    assert (asked(BARE, NOW), concerned(BARE), missing(BARE)) == ((), (), ())
    assert quorum(BARE) > 100_000
    assert grant_length(BARE) is None
    assert quorum(hold(quorum=2)) == 2


def test_who_is_asked_now_and_who_may_be_asked_later() -> None:
    held = terms(
        each_of=("security", "managers"),
        escalate_after=timedelta(minutes=5),
        escalate_to=("directors", "managers"),
    )
    later = ("managers", "security", "directors")
    assert asked(held, NOW) == ("managers", "security")
    for minutes in (5, 6):
        assert asked(held, NOW + timedelta(minutes=minutes)) == later
    assert concerned(held) == later
    never = terms(escalate_to=("directors",))
    assert asked(never, NOW + timedelta(hours=9)) == ("managers",)


@pytest.mark.parametrize(
    ("manager", "manages", "reports"),
    [
        ("", frozenset[str](), False),
        ("", frozenset({DANA.key}), True),
        (" Maria@ACME.example".strip(), frozenset[str](), True),
        ("boss@acme.example", frozenset[str](), False),
        # What the identity provider says counts, not what Slack says beside it.
        ("boss@acme.example", frozenset({DANA.key}), False),
    ],
)
def test_the_requesters_manager_is_in_the_set_for_those_who_report_to_them(
    *, manager: str, manages: frozenset[str], reports: bool
) -> None:
    held = held_for(replace(DANA, manager=manager))
    who = Voter(MARIA, manager_of_requester=frozenset({"managers"}), manages=manages)
    assert sets_of(held, who) == (("managers",) if reports else ())
    assert may_decide(held, who, NOW) is reports
    both = replace(who, member_of=frozenset({"managers", "security", "auditors"}))
    assert sets_of(held, both) == ("managers", "security")


def grantable(*, risk: Risk = Risk.LOW, up_to: int | None = 30, **changes: Any) -> Hold:  # noqa: ANN401 - fields of the terms
    fired = FiredRule("r", "t", Action.HOLD, risk, "", enforced=True, findings=1, excerpts=())
    length = None if up_to is None else timedelta(minutes=up_to)
    approval = Approval(("managers",), grant_up_to=length, **changes)
    return hold(verdict=Verdict(Action.HOLD, (fired,), "r1", approval))


def test_a_grant_takes_one_person_alone() -> None:
    half = timedelta(minutes=30)
    assert grant_length(grantable()) == half
    assert grant_length(grantable(each_of=("managers",))) == half
    assert grant_length(grantable(each_of=("managers", "security"))) is None
    assert grant_length(grantable(quorum=2)) is None
    assert grant_length(grantable(quorum=2, each_of=("managers", "security"))) is None
    assert grant_length(grantable(up_to=None)) is None
    assert grant_length(grantable(risk=Risk.CRITICAL)) is None
    assert grant_length(grantable(up_to=61)) == timedelta(hours=1)


def test_a_rule_that_is_only_watched_gives_no_grant() -> None:
    held = grantable()
    [fired] = held.verdict.fired
    watched = replace(held.verdict, fired=(replace(fired, enforced=False),))
    assert grant_length(replace(held, verdict=watched)) is None


def test_the_same_subject_is_the_requester_whatever_the_addresses_say() -> None:
    same = replace(DANA, email="", name="Somebody")
    who = voter(Person("U3", "d.reyes@acme.example", "Dana"), identities=(same,))
    assert word(hold(), who) is Objection.OWN_REQUEST


@pytest.mark.parametrize("issuer", ["https://a.example", "https://z.example"])
def test_whom_another_issuer_knows_is_not_told_apart_from_a_nameless_requester(
    issuer: str,
) -> None:
    nameless = Identity(DANA.issuer, "sub-other", IdentityKind.PERSON, "Somebody")
    elsewhere = Identity(issuer, "sub-maria", IdentityKind.PERSON, "Maria", MARIA.email)
    assert word(held_for(nameless), voter(identities=(elsewhere,))) is Objection.CANNOT_TELL
    here = replace(elsewhere, issuer="".join(DANA.issuer))
    assert word(held_for(nameless), voter(identities=(elsewhere, here))) is HoldEvent.APPROVE


@pytest.mark.parametrize(
    ("actor", "own"),
    [
        ("", False),
        ("MARIA@acme.example", True),
        ("maria", True),
        ("m.lopez", False),
        ("Maria_Lopez", True),
        ("marcus", False),
    ],
)
def test_a_job_belongs_to_whoever_goes_by_the_name_of_its_actor(*, actor: str, own: bool) -> None:
    job = Identity(
        "https://ci.example",
        "repo:acme/x",
        IdentityKind.WORKLOAD,
        "acme/x",
        provenance=Provenance("acme/x", actor=actor),
    )
    lopez = voter(Person("U1", "maria@acme.example", "Maria Lopez"))
    expected = Objection.OWN_REQUEST if own else HoldEvent.APPROVE
    assert word(held_for(job), lopez) is expected


def test_the_last_word_counts_and_may_be_changed_back() -> None:
    held = terms(quorum=2, majority_denies=True)
    held = replace(held, votes=(said(MARIA), said(MARIA, approve=False)))
    assert word(held, voter(MARIA), approve=False) is Objection.ALREADY_VOTED
    assert word(held, voter(MARIA)) is HoldEvent.VOTE
    held = replace(held, votes=(*held.votes, said(MARCUS, "managers")))
    assert word(held, voter(MARIA)) is HoldEvent.APPROVE


def test_after_the_deadline_it_is_too_late_for_every_vote() -> None:
    held = hold()
    late = held.deadline + timedelta(seconds=1)
    assert word(held, voter(), at=late) is Objection.TOO_LATE
    glass = voter(may_break_glass=True)
    assert judge_break_glass(held, glass, "down", late) is Objection.TOO_LATE
    assert judge_break_glass(held, replace(glass, person=replace(MARIA, email="")), "x", NOW) is (
        Objection.UNVERIFIED
    )


def test_each_word_is_counted_on_its_own_side() -> None:
    held = hold(votes=(said(MARIA), said(MARCUS, approve=False), said(NOBODY.person)))
    assert (approvals(held), denials(held)) == (2, 1)


@pytest.mark.parametrize(
    "sets", [(("a",), ("a", "b")), (("a", "b"), ("a",)), (("b",), ("a", "b")), (("a", "b"), ("b",))]
)
def test_people_move_to_another_of_their_sets_so_that_each_is_represented(
    sets: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    held = terms(quorum=3, each_of=("a", "b"))
    held = replace(held, votes=(said(MARIA, *sets[0]), said(MARCUS, *sets[1])))
    assert missing(held) == ()
    assert word(held, replace(NOBODY, member_of=frozenset({"managers"}))) is HoldEvent.APPROVE


def test_a_voter_is_never_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        NOBODY.may_break_glass = True  # type: ignore[misc]
    assert not hasattr(NOBODY, "__dict__")
