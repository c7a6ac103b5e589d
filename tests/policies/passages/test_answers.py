"""What people have answered covers no more than they answered, and for no longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.domain.grant import Coverage, Grant, coverage
from app.domain.hold import HoldState, Person, Vote
from app.domain.passage import PassageKind
from app.domain.verdict import Action, Approval, CoverTerms
from policies.passages.answers import covers_of, still_open
from tests.policies.made import ALICE, JOB
from tests.policies.passages.questions import COVER, TERMS, fired, passage, verdict
from tests.policies.passages.talks import CALL, MARIA, NOW, hold_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.domain.identity import Identity
    from app.domain.verdict import Verdict

MARCUS = Person("U2", "marcus@acme.example", "Marcus")
NORA = Person("U3", "nora@acme.example", "Nora")
BOB = replace(ALICE, subject="bob-1", email="bob@example.com")
OTHER_JOB = replace(JOB, provenance=replace(JOB.provenance, repository="acme/other"))  # type: ignore[type-var]


def vote(by: Person = MARIA, *sets: str, approve: bool = True, **changes: Any) -> Vote:  # noqa: ANN401 - fields to replace
    return replace(Vote(by, approve, NOW, sets=sets or ("managers",)), **changes)


def left(
    asked: Verdict,
    grants: Iterable[Grant],
    identity: Identity = ALICE,
    connection: str = "gateway",
    call: str = CALL,
    now: datetime = NOW,
) -> set[tuple[str, str]]:
    """Return what is still open, as pairs of rule and name."""
    rest, used = still_open(asked, tuple(grants), identity, connection, call, now)
    assert set(used) <= set(grants)
    return {
        (rule.rule, name)
        for rule in rest.holding
        if rule.question
        for name in rule.question.names or {"all of it"}
    }


NAMES = st.sampled_from("abcdef")
PASSAGES = st.lists(NAMES, min_size=1, max_size=6, unique=True)
PEOPLE = st.sampled_from([ALICE, BOB, JOB, OTHER_JOB])
WORDS = st.sampled_from(["one", "two"])
MINUTES = st.integers(0, 600).map(lambda minutes: NOW + timedelta(minutes=minutes))


@st.composite
def scopes(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "identity": draw(PEOPLE),
        "connection": draw(WORDS),
        "call": draw(WORDS),
        "rule": draw(WORDS),
        "law": draw(WORDS),
    }


@st.composite
def grants(draw: st.DrawFn) -> tuple[dict[str, Any], Grant]:
    """Return the scope of a cover of some passages, and the cover."""
    scope = draw(scopes())
    covers = replace(
        coverage(scope["identity"], scope["connection"], scope["rule"]),
        call=scope["call"],
        law=scope["law"],
        passages=tuple(draw(PASSAGES)),
    )
    revoked = draw(st.none() | MINUTES)
    made = Grant("g", covers, "", MARIA, "h1", NOW, draw(MINUTES), revoked_at=revoked)
    return scope, made


@settings(deadline=None)
@given(st.lists(grants(), max_size=6), scopes(), PASSAGES, MINUTES)
def test_a_passage_is_covered_only_within_its_scope_and_time(
    given_out: list[tuple[dict[str, Any], Grant]],
    scope: dict[str, Any],
    names: list[str],
    now: datetime,
) -> None:
    numbered = [(s, replace(grant, id=f"g{at}")) for at, (s, grant) in enumerate(given_out)]
    covered = {
        name
        for known, grant in numbered
        if known == scope and grant.revoked_at is None and now < grant.expires_at
        for name in grant.covers.passages
    }
    asked = verdict(fired(scope["rule"], *names, law=scope["law"]))
    place = (scope["identity"], scope["connection"], scope["call"], now)
    expected = {(scope["rule"], name) for name in names if name not in covered}
    assert left(asked, [grant for _, grant in numbered], *place) == expected


@settings(deadline=None)
@given(st.permutations(["identity", "connection", "call", "rule", "law"]), PASSAGES)
def test_what_differs_from_a_cover_in_one_thing_is_not_covered(
    order: list[str], names: list[str]
) -> None:
    other = {"identity": BOB, "connection": "x", "call": "x", "rule": "x", "law": "x"}
    held = hold_for(verdict(fired("one", *names)))
    mine = {"identity": ALICE, "connection": "gateway", "call": CALL, "rule": "one", "law": "law"}
    mine[order[0]] = other[order[0]]
    rule = fired(str(mine["rule"]), *names, law=str(mine["law"]))
    place = (str(mine["connection"]), str(mine["call"]))
    assert left(verdict(fired("one", *names)), covers_of(held, NOW)) == set()
    whom = mine["identity"]
    assert not isinstance(whom, str)
    assert len(left(verdict(rule), covers_of(held, NOW), whom, *place)) == len(names)


def test_a_cover_of_a_job_stays_within_its_repository() -> None:
    asked = verdict(fired("one", "a"))
    given_out = covers_of(hold_for(asked, requester=JOB), NOW)
    assert left(asked, given_out, JOB) == set()
    assert left(asked, given_out, OTHER_JOB) == {("one", "a")}


def test_cover_slides_with_use_until_its_most() -> None:
    [grant] = covers_of(hold_for(verdict(fired("one", "a"))), NOW)
    assert grant.expires_at == NOW + timedelta(hours=1)
    late = NOW + timedelta(minutes=59)
    assert grant.prolonged(late) == late + timedelta(hours=1)
    assert grant.prolonged(NOW + timedelta(hours=7, minutes=30)) == NOW + timedelta(hours=8)
    assert left(verdict(fired("one", "a")), [grant], now=grant.expires_at) == {("one", "a")}
    short = CoverTerms(timedelta(hours=1), timedelta(minutes=5))
    [grant] = covers_of(hold_for(verdict(fired("one", "a", cover=short))), NOW)
    assert grant.expires_at == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("changes", "votes"),
    [
        ({}, (vote(broke_glass=True),)),
        ({}, (vote(once=True),)),
        ({}, (vote(), vote(MARCUS, once=True))),
        ({}, (vote(MARIA, "security"),)),
        ({}, (vote(approve=False),)),
        ({}, (vote(), vote(approve=False))),
        ({"votes": ()}, ()),
        *(
            ({"state": state}, ())
            for state in HoldState
            if state not in {HoldState.APPROVED, HoldState.RELEASED, HoldState.LAPSED}
        ),
    ],
)
def test_what_is_no_full_approval_covers_nothing(
    changes: dict[str, Any], votes: tuple[Vote, ...]
) -> None:
    assert covers_of(hold_for(verdict(fired("one", "a")), *votes, **changes), NOW) == ()


@pytest.mark.parametrize(
    ("terms", "votes", "covered"),
    [
        (Approval(("managers",)), (vote(),), True),
        (Approval(("security",)), (vote(),), False),
        (Approval(("security",)), (vote(), vote(MARCUS, "security")), True),
        (Approval(("managers",), 2), (vote(),), False),
        (Approval(("managers",), 2), (vote(), vote()), False),
        (Approval(("managers",), 2), (vote(), vote(MARCUS)), True),
        (Approval(("managers",), 2), (vote(), vote(MARCUS, "security")), False),
        (Approval(("managers",), 2, ("security",)), (vote(), vote(MARCUS)), False),
        (Approval(("managers",), 2, ("security",)), (vote(), vote(MARCUS, "security")), True),
        (
            Approval(("managers",), 2),
            (vote(), vote(MARIA, "security", approve=False), vote(MARCUS)),
            False,
        ),
        (Approval(("managers",), 2), (vote(), vote(MARIA, "security"), vote(MARCUS)), False),
    ],
)
def test_a_rule_is_covered_only_by_votes_that_meet_its_own_terms(
    terms: Approval,
    votes: tuple[Vote, ...],
    covered: bool,  # noqa: FBT001 - a column of the table
) -> None:
    asked = verdict(fired("one", "a", terms=terms), fired("two", "b"))
    rules = [grant.covers.rule for grant in covers_of(hold_for(asked, *votes), NOW)]
    assert ("one" in rules) is covered


def test_those_to_whom_a_rule_escalates_count_from_then_on() -> None:
    late = timedelta(minutes=5)
    terms = replace(TERMS, escalate_after=late, escalate_to=("directors",))
    asked = verdict(fired("one", "a", terms=terms))
    director = vote(MARIA, "directors")
    assert covers_of(hold_for(asked, director), NOW) == ()
    assert covers_of(hold_for(asked, replace(director, at=NOW + late)), NOW) != ()


PERSON = st.sampled_from([MARIA, MARCUS, NORA])
SETS = st.lists(st.sampled_from(["managers", "security"]), max_size=2, unique=True).map(tuple)
VOTES = st.lists(
    st.builds(Vote, PERSON, st.booleans(), st.just(NOW), sets=SETS, once=st.booleans()), max_size=6
)


@settings(deadline=None)
@given(VOTES, st.integers(1, 3))
def test_a_cover_needs_as_many_people_as_its_rule_says_and_none_who_took_it_back(
    votes: list[Vote], quorum: int
) -> None:
    assume(votes)
    held = hold_for(verdict(fired("one", "a", terms=Approval(("managers",), quorum))), *votes)
    last = {cast.by: cast for cast in votes}
    agreed = [cast for cast in last.values() if cast.approve and "managers" in cast.sets]
    once = any(cast.approve and cast.once for cast in votes)
    assert bool(covers_of(held, NOW)) is (len(agreed) >= quorum and not once)


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, PASSAGES), min_size=1, max_size=2, unique_by=lambda r: r[0]))
def test_an_approval_covers_exactly_what_was_open_on_it(rules: list[tuple[str, list[str]]]) -> None:
    held = hold_for(verdict(*(fired(rule, *names) for rule, names in rules)))
    first, again = covers_of(held, NOW), covers_of(held, NOW + timedelta(hours=1))
    assert {(grant.covers.rule, grant.covers.passages) for grant in first} == {
        (rule, tuple(sorted(names))) for rule, names in rules
    }
    assert [(g.id, g.expires_at) for g in first] == [(g.id, g.expires_at) for g in again]
    asked = verdict(*(fired(rule, *"abcdef") for rule, _ in rules))
    open_now = {(rule, name) for rule, names in rules for name in set("abcdef") - set(names)}
    assert left(asked, first) == open_now


def test_a_rule_that_decides_about_requests_or_denies_is_answered_by_no_cover() -> None:
    [cover] = covers_of(hold_for(verdict(fired("one", "a"))), NOW)
    assert left(verdict(fired("one", "a", cover=None)), [cover]) == {("one", "a")}
    assert covers_of(hold_for(verdict(fired("one", cover=None))), NOW) == ()
    denied = fired("one", "a", action=Action.DENY)
    rest, used = still_open(verdict(denied), [cover], ALICE, "gateway", CALL, NOW)
    assert rest.fired == (denied,)
    assert used == ()


def test_a_question_without_passages_is_answered_by_no_cover() -> None:
    [cover] = covers_of(hold_for(verdict(fired("one", "a"))), NOW)
    assert left(verdict(fired("one")), [cover]) == {("one", "all of it")}
    assert covers_of(hold_for(verdict(fired("one"))), NOW) == ()


def test_a_grant_of_a_rule_answers_all_of_it_and_a_cover_is_none() -> None:
    whole = Grant("g", coverage(ALICE, "gateway", "one"), "", MARIA, "h", NOW, NOW + COVER.idle)
    asked = verdict(fired("one", "a", "b"), fired("two", "a"))
    assert left(asked, [whole]) == {("two", "a")}
    assert left(asked, [replace(whole, covers=Coverage(BOB.key, "one", "gateway"))]) == {
        *left(asked, [])
    }
    assert left(asked, [whole], now=whole.expires_at) == left(asked, [])


def test_work_is_covered_by_the_approval_of_its_ask_and_not_the_other_way_round() -> None:
    work = passage("work", PassageKind.WORK, ask="ask")
    of_the_ask = covers_of(hold_for(verdict(fired("one", "ask"))), NOW)
    assert left(verdict(fired("one", work)), of_the_ask) == set()
    of_the_work = covers_of(hold_for(verdict(fired("one", work))), NOW)
    assert left(verdict(fired("one", "ask")), of_the_work) == {("one", "ask")}
