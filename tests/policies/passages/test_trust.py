"""Who may trust a text, for whom and for how long: never for more than people said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.grant import Grant, reaching
from app.domain.hold import HoldEvent, HoldState, Person, Vote
from app.domain.identity import Identity, Provenance
from app.domain.passage import Passage, PassageKind
from app.domain.segment import Role
from app.domain.trust import Reach, Trust
from app.domain.verdict import Action, Approval
from policies.approvals.approval import Objection, Voter, approvals
from policies.passages.answers import covers_of, still_open
from policies.passages.trust import ADMINISTRATORS, DAYS, judge_trust, trustable, trusts_of
from tests.policies.made import ALICE, JOB
from tests.policies.passages.questions import TERMS, fired, passage, verdict
from tests.policies.passages.talks import CALL, MARIA, NOW, hold_for

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.hold import Hold
    from app.domain.verdict import Verdict

MARCUS = Person("U2", "marcus@acme.example", "Marcus")
NORA = Person("U3", "nora@acme.example", "Nora")
BOB = replace(ALICE, subject="bob-1", email="bob@example.com")


def job(**changes: Any) -> Identity:  # noqa: ANN401 - fields to replace
    assert JOB.provenance is not None
    return replace(JOB, provenance=replace(JOB.provenance, **changes))


CALLERS = [
    ALICE,
    BOB,
    JOB,
    replace(JOB, subject="repo:acme/shop:pull"),
    job(repository="acme/other"),
    job(repository_id="43"),
    job(verified=False),
    replace(JOB, issuer="https://another-ci.example"),
    replace(ALICE, provenance=Provenance("acme/shop", "42", verified=False)),
]


def text(name: str, *lines: str, role: Role = Role.USER) -> Passage:
    return Passage(name, PassageKind.TEXT, role, f"/{name}", lines=lines or (f"line {name}",))


def word(
    by: Person = MARIA,
    reach: Reach = Reach.PERSON,
    days: int = 30,
    *names: str,
    sets: tuple[str, ...] = ("managers",),
    after: timedelta = timedelta(),
) -> Vote:
    trust = Trust(names or ("a",), reach, days)
    return Vote(by, approve=True, at=NOW + after, sets=sets, trust=trust)


def waiting(asked: Verdict, *said: Vote, requester: Identity = JOB, **changes: Any) -> Hold:  # noqa: ANN401 - fields to replace
    fields = {"state": HoldState.PENDING, "votes": (), "decided_at": None, "trusting": said}
    return hold_for(asked, requester=requester, **(fields | changes))


def one(*passages: Passage, terms: Approval = TERMS, **changes: Any) -> Verdict:  # noqa: ANN401 - arguments of `fired`
    return verdict(fired("one", *(passages or (text("a"),)), terms=terms, **changes))


def left(
    asked: Verdict,
    grants: tuple[Grant, ...],
    identity: Identity = JOB,
    connection: str = "gateway",
    call: str = CALL,
    now: datetime = NOW,
) -> set[str]:
    rest, used = still_open(asked, grants, identity, connection, call, now)
    assert set(used) <= set(grants)
    return {name for rule in rest.holding if rule.question for name in rule.question.names}


# --- the scope -----------------------------------------------------------------------------

WORDS = st.sampled_from(["one", "two"])
MINUTES = st.integers(0, 600).map(lambda minutes: NOW + timedelta(minutes=minutes))
LINES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True)


def proven(identity: Identity) -> tuple[str, str, str] | None:
    """Return the repository of a caller, if its token proves one."""
    origin = identity.provenance
    if origin is None or not origin.verified:
        return None
    return identity.issuer, origin.repository, origin.repository_id


def within(reach: Reach, of: Identity, asker: Identity) -> bool:
    match reach:
        case Reach.EVERYONE:
            return True
        case Reach.REPOSITORY:
            return proven(of) is not None and proven(of) == proven(asker)
        case Reach.PERSON:
            # What a client claims narrows nothing: it could claim something else.
            repositories = [origin[1] if origin else "" for origin in (proven(of), proven(asker))]
            return of.key == asker.key and repositories[0] == repositories[1]


@st.composite
def trusts(draw: st.DrawFn) -> tuple[dict[str, Any], Grant | None]:
    """Return what a trust is for, and the trust that a hold gives for it."""
    scope = {name: draw(WORDS) for name in ("rule", "law", "connection", "call")}
    scope |= {"of": draw(st.sampled_from(CALLERS)), "reach": draw(st.sampled_from(Reach))}
    scope |= {"lines": draw(LINES)}
    asked = verdict(fired(scope["rule"], text("a", *scope["lines"]), law=scope["law"]))
    said = word(MARIA, scope["reach"], draw(st.sampled_from(DAYS)))
    place = {"connection": scope["connection"], "call": scope["call"]}
    given_out = trusts_of(waiting(asked, said, requester=scope["of"], **place))
    if not given_out:
        return scope, None
    revoked = draw(st.none() | MINUTES)
    return scope, replace(given_out[0], expires_at=draw(MINUTES), revoked_at=revoked)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(trusts(), max_size=5),
    st.sampled_from(CALLERS),
    st.tuples(WORDS, WORDS, WORDS, WORDS),
    LINES,
    MINUTES,
)
def test_a_text_is_trusted_only_by_all_its_lines_within_their_scope_and_time(
    given_out: list[tuple[dict[str, Any], Grant | None]],
    asker: Identity,
    place: tuple[str, str, str, str],
    lines: list[str],
    now: datetime,
) -> None:
    rule, law, connection, call = place
    here = {"rule": rule, "law": law, "connection": connection, "call": call}
    trusted = {
        line
        for scope, trust in given_out
        if trust and trust.revoked_at is None and now < trust.expires_at
        if {name: scope[name] for name in here} == here
        if within(scope["reach"], scope["of"], asker)
        for line in scope["lines"]
    }
    grants = tuple(replace(trust, id=f"g{at}") for at, (_, trust) in enumerate(given_out) if trust)
    asked = verdict(fired(rule, text("asked", *lines), law=law))
    expected = set() if trusted.issuperset(lines) else {"asked"}
    assert left(asked, grants, asker, connection, call, now) == expected


@pytest.mark.parametrize("reach", Reach)
def test_trust_never_crosses_from_one_caller_to_another_outside_its_reach(reach: Reach) -> None:
    for of in CALLERS:
        given_out = trusts_of(waiting(one(), word(MARIA, reach), requester=of))
        for asker in CALLERS:
            trusted = bool(given_out) and within(reach, of, asker)
            assert (left(one(), given_out, asker) == set()) is trusted, (of, asker)


@pytest.mark.parametrize("of", CALLERS)
def test_only_what_the_token_proves_is_a_repository(of: Identity) -> None:
    assert (Reach.REPOSITORY in reaching(of, "gateway", "one")) is (proven(of) is not None)
    said = word(MARIA, Reach.REPOSITORY)
    assert bool(trusts_of(waiting(one(), said, requester=of))) is (proven(of) is not None)


@pytest.mark.parametrize("kind", [kind for kind in PassageKind if kind is not PassageKind.TEXT])
@pytest.mark.parametrize("role", Role)
def test_no_line_answers_for_what_is_no_fixed_text(kind: PassageKind, role: Role) -> None:
    grants = trusts_of(waiting(one(), word()))
    made = replace(text("b", "line a"), kind=kind, role=role)
    assert left(one(made), grants) == {"b"}
    assert trusts_of(waiting(one(made), word(MARIA, Reach.PERSON, 30, "b"))) == ()


@pytest.mark.parametrize("role", Role)
def test_fixed_text_is_what_agents_add_and_not_what_tools_and_models_say(role: Role) -> None:
    fixed = role in {Role.SYSTEM, Role.USER}
    asked = one(text("a", role=role))
    assert bool(trusts_of(waiting(asked, word()))) is fixed
    forged = replace(trusts_of(waiting(one(), word()))[0])
    assert (left(asked, (forged,)) == set()) is fixed


def test_a_text_without_lines_is_answered_by_no_trust() -> None:
    bare = replace(text("a"), lines=())
    assert trusts_of(waiting(one(bare), word())) == ()
    assert left(one(bare), trusts_of(waiting(one(), word()))) == {"a"}


def test_trust_answers_no_rule_that_decides_about_requests_or_denies() -> None:
    trust = trusts_of(waiting(one(), word()))
    assert left(one(cover=None), trust) == {"a"}
    assert trusts_of(waiting(one(cover=None), word())) == ()
    denied = fired("one", text("a"), action=Action.DENY)
    rest, used = still_open(verdict(denied), trust, JOB, "gateway", CALL, NOW)
    assert (rest.fired, used) == ((denied,), ())


def test_what_is_open_beside_a_trusted_text_stays_open() -> None:
    asked = one(text("a"), passage("typed"), text("b"))
    trust = trusts_of(waiting(asked, word()))
    assert left(asked, trust) == {"typed", "b"}
    assert left(verdict(*asked.fired, fired("two", text("a"))), trust) == {"typed", "b", "a"}


# --- the votes -----------------------------------------------------------------------------

SECURITY = Approval(("security",))
TWO = Approval(("managers",), 2)
BOTH = Approval(("managers",), 2, ("security",))


@pytest.mark.parametrize(
    ("terms", "said", "trusted"),
    [
        (TERMS, (word(),), True),
        (TERMS, (), False),
        (SECURITY, (word(),), False),
        (SECURITY, (word(), word(MARCUS, sets=("security",))), True),
        (TWO, (word(),), False),
        (TWO, (word(), word(days=7)), False),
        (TWO, (word(), word(MARCUS)), True),
        (TWO, (word(), word(MARCUS, sets=("security",))), False),
        (TWO, (word(), word(MARCUS, Reach.PERSON, 30, "b")), False),
        (TWO, (word(), word(MARIA, Reach.PERSON, 30, "b"), word(MARCUS)), False),
        (BOTH, (word(), word(MARCUS)), False),
        (BOTH, (word(), word(MARCUS, sets=("security",))), True),
    ],
)
def test_a_text_is_trusted_under_a_rule_only_by_votes_that_meet_its_own_terms(
    terms: Approval,
    said: tuple[Vote, ...],
    trusted: bool,  # noqa: FBT001 - a column of the table
) -> None:
    asked = verdict(fired("one", text("a"), text("b"), terms=terms), fired("two", text("c")))
    found = {grant.covers.lines for grant in trusts_of(waiting(asked, *said))}
    assert (("line a",) in found) is trusted
    assert ("line c",) not in found


def test_an_approval_trusts_nothing_and_trusting_approves_nothing_else() -> None:
    approval = Vote(MARIA, approve=True, at=NOW, sets=("managers",))
    asked = one(text("a"), passage("typed"))
    assert trusts_of(waiting(asked, votes=(approval,))) == ()
    said = waiting(asked).after(HoldEvent.TRUST, NOW, word())
    assert (said.state, said.votes, approvals(said)) == (HoldState.PENDING, (), 0)
    assert covers_of(replace(said, state=HoldState.APPROVED), NOW) == ()
    assert len(trusts_of(said)) == 1


def test_of_several_words_the_narrowest_reach_and_the_shortest_time_count() -> None:
    said = (word(MARIA, Reach.EVERYONE, 7), word(MARCUS, Reach.REPOSITORY, 90))
    [trust] = trusts_of(waiting(one(terms=TWO), *said))
    assert trust.covers == replace(
        reaching(JOB, "gateway", "one")[Reach.REPOSITORY], call=CALL, law="law", lines=("line a",)
    )
    assert trust.expires_at == NOW + timedelta(days=7)
    mended = (word(MARIA, Reach.PERSON, 7), word(MARIA, Reach.EVERYONE, 30), said[1])
    [trust] = trusts_of(waiting(one(terms=TWO), *mended))
    assert trust.expires_at == NOW + timedelta(days=30)


SAID = st.lists(
    st.builds(
        word,
        st.sampled_from([MARIA, MARCUS, NORA]),
        st.sampled_from(Reach),
        st.sampled_from(DAYS),
        st.sampled_from("ab"),
        after=st.integers(0, 9).map(lambda minutes: timedelta(minutes=minutes)),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(SAID, st.integers(1, 3))
def test_what_is_trusted_is_the_same_whatever_is_said_later(said: list[Vote], quorum: int) -> None:
    asked = one(text("a"), text("b"), terms=Approval(("managers",), quorum))
    former: dict[str, Grant] = {}
    for count in range(len(said) + 1):
        now = {grant.id: grant for grant in trusts_of(waiting(asked, *said[:count]))}
        assert former.items() <= now.items()
        former = now
    for trust in former.values():
        assert trust.expires_at <= trust.created_at + timedelta(days=90)
        named = [vote for vote in said if f"line {vote.trust.passages[0]}" in trust.covers.lines]  # type: ignore[union-attr]
        assert len({vote.by for vote in named}) >= quorum


# --- who may say it ------------------------------------------------------------------------


def voter(**changes: Any) -> Voter:  # noqa: ANN401 - fields to replace
    return replace(Voter(MARIA, member_of=frozenset({"managers"})), **changes)


ADMINS = frozenset({"managers", ADMINISTRATORS})
TRUST = Trust(("a",), Reach.PERSON, 30)
FOR_ALL = replace(TRUST, reach=Reach.EVERYONE)


@pytest.mark.parametrize(
    ("held", "who", "trust", "objection"),
    [
        ({}, {}, TRUST, None),
        ({"requester": ALICE}, {"identities": (ALICE,)}, TRUST, Objection.OWN_REQUEST),
        ({}, {"member_of": frozenset()}, TRUST, Objection.NOT_AN_APPROVER),
        (
            {},
            {"member_of": frozenset(), "may_break_glass": True},
            TRUST,
            Objection.NOT_AN_APPROVER,
        ),
        ({}, {"person": replace(MARIA, email="")}, TRUST, Objection.UNVERIFIED),
        ({"deadline": NOW}, {}, TRUST, Objection.TOO_LATE),
        ({"state": HoldState.APPROVED}, {}, TRUST, Objection.OVER),
        ({}, {}, replace(TRUST, passages=()), Objection.NOTHING_TO_TRUST),
        ({}, {}, replace(TRUST, passages=("a", "typed")), Objection.NOTHING_TO_TRUST),
        ({"trusting": (word(),)}, {}, TRUST, Objection.NOTHING_TO_TRUST),
        ({}, {}, FOR_ALL, Objection.NOT_FOR_EVERYONE),
        ({"requester": ALICE}, {}, replace(TRUST, reach=Reach.REPOSITORY), Objection.NO_REPOSITORY),
        ({}, {}, replace(TRUST, reach=Reach.REPOSITORY), None),
    ],
)
def test_who_may_trust_a_text(
    held: dict[str, Any], who: dict[str, Any], trust: Trust, objection: Objection | None
) -> None:
    made = waiting(one(text("a"), passage("typed")), **held)
    assert judge_trust(made, voter(**who), trust, NOW) is objection


def test_an_administrator_may_trust_for_everyone_and_still_has_to_be_asked() -> None:
    held = waiting(one())
    assert judge_trust(held, voter(member_of=ADMINS), FOR_ALL, NOW) is None
    unasked = voter(member_of=frozenset({ADMINISTRATORS}))
    said = judge_trust(held, unasked, FOR_ALL, NOW)
    assert said is Objection.NOT_AN_APPROVER


def test_a_word_is_taken_once_and_may_be_changed() -> None:
    held = waiting(one(terms=TWO), word())
    assert judge_trust(held, voter(), TRUST, NOW) is (Objection.ALREADY_VOTED)
    other = replace(TRUST, days=7)
    assert judge_trust(held, voter(), other, NOW) is None


def test_what_may_be_trusted_is_told_once_and_no_more_when_it_is() -> None:
    asked = verdict(fired("one", text("a"), passage("typed"), text("b")), fired("two", text("a")))
    assert [p.name for p in trustable(waiting(asked))] == ["a", "b"]
    assert [p.name for p in trustable(waiting(asked, word()))] == ["b"]
