"""What people have answered already: which questions of a request are still open. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.grant import Coverage, Grant, coverage, holders, reaching
from app.domain.hold import Hold, HoldState, Person
from app.domain.passage import PassageKind
from policies.approvals.approval import met
from policies.approvals.terms import with_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from app.domain.hold import Vote
    from app.domain.identity import Identity
    from app.domain.passage import Passage
    from app.domain.tool_call import HeldCall
    from app.domain.verdict import Approval, FiredRule, Question, Verdict


def still_open(
    verdict: Verdict,
    grants: Sequence[Grant],
    identity: Identity,
    connection: str,
    call: str,
    now: datetime,
    tool: HeldCall | None = None,
) -> tuple[Verdict, tuple[Grant, ...]]:
    """Return the verdict less what grants answer, and the grants that did.

    `grants` may be any of this person's. Only rules that hold are answered, never others. `tool` is
    the call that the verdict is about, where it is about one: a grant may be for its conversation.
    """
    active = [grant for grant in grants if grant.active(now)]
    used: dict[str, Grant] = {}
    fired: list[FiredRule] = []
    for rule in verdict.fired:
        if rule.question is None or not rule.holds:
            fired.append(rule)
            continue
        whole = coverage(identity, connection, rule.rule)
        scope = replace(whole, call=call, law=rule.question.law)
        question, by = _answered(rule.question, active, (whole, *_of_task(scope, tool)), scope)
        if question.passages and not question.answered:
            anyone = reaching(identity, connection, rule.rule).values()
            question, trusts = _trusted(question, active, anyone, call)
            by += trusts
        used |= {grant.id: grant for grant in by}
        fired.append(replace(rule, question=question))
    return with_terms(replace(verdict, fired=tuple(fired))), tuple(used.values())


def _of_task(scope: Coverage, tool: HeldCall | None) -> tuple[Coverage, ...]:
    """Return what covers all calls of a tool in its conversation; nothing where it has none."""
    if tool is None or not tool.conversation:
        return ()
    return (replace(scope, tool=tool.tool, conversation=tool.conversation),)


def _answered(
    question: Question, grants: Iterable[Grant], wholes: Iterable[Coverage], scope: Coverage
) -> tuple[Question, list[Grant]]:
    """Return what is left of a question, and the grants that answered the rest.

    Each of `wholes` answers all of it.
    """
    by_rule = [grant for grant in grants if grant.covers in wholes]
    if by_rule:
        return replace(question, answered=True), by_rule[-1:]
    if question.cover is None:
        return question, []
    covers = [
        grant
        for grant in grants
        if grant.covers.passages and replace(grant.covers, passages=()) == scope
    ]
    left = list(question.passages)
    used: list[Grant] = []
    for grant in covers:
        names = set(grant.covers.passages)
        rest = [passage for passage in left if names.isdisjoint(passage.names)]
        if len(rest) < len(left):
            used.append(grant)
            left = rest
    answered = bool(question.passages) and not left
    return replace(question, passages=tuple(left), answered=answered), used


def _trusted(
    question: Question, grants: Iterable[Grant], anyone: Iterable[Coverage], call: str
) -> tuple[Question, list[Grant]]:
    """Return what is left where a passage is answered if all its lines are trusted.

    `anyone` covers the caller, alone or among others.
    """
    if question.cover is None:
        return question, []
    scopes = [replace(covers, call=call, law=question.law) for covers in anyone]
    trusts = [g for g in grants if g.is_trust and replace(g.covers, lines=()) in scopes]
    lines = {line for trust in trusts for line in trust.covers.lines}
    answered = [p for p in question.passages if p.is_trustable and lines.issuperset(p.lines)]
    wanted = {line for passage in answered for line in passage.lines}
    used = [trust for trust in trusts if not wanted.isdisjoint(trust.covers.lines)]
    left = tuple(passage for passage in question.passages if passage not in answered)
    return replace(question, passages=left, answered=question.answered or not left), used


def answered_by(grant: Grant, asked: Verdict) -> frozenset[str]:
    """Return the names of the passages, or lines, that a grant answers of what a verdict asks.

    Nothing where it covers all that its rule would hold.
    """
    covers = grant.covers
    questions = [
        fired.question
        for fired in asked.holding
        if fired.question and (fired.rule, fired.question.law) == (covers.rule, covers.law)
    ]
    passages = [passage for question in questions for passage in question.passages]
    names = (passage.lines if grant.is_trust else passage.names for passage in passages)
    return frozenset(covers.lines or covers.passages).intersection(*[frozenset().union(*names)])


def covered_by(pending: Hold, grants: Sequence[Grant], now: datetime) -> tuple[Grant, ...]:
    """Return the grants that answer all that a hold asks about; none where something is left."""
    left, used = still_open(
        pending.verdict,
        grants,
        pending.requester,
        pending.connection,
        pending.call,
        now,
        pending.tool,
    )
    return () if left.holding else used


def freed(
    pending: Iterable[Hold], grants: Sequence[Grant], now: datetime
) -> Iterator[tuple[Hold, str]]:
    """Yield what waits and is covered by grants of anybody, with a note of whose word it is."""
    for hold in pending:
        keys = holders(hold.requester)
        theirs = [grant for grant in grants if grant.covers.identity_key in keys]
        if theirs and (by := covered_by(hold, theirs, now)):
            yield hold, _covered(by)


def _covered(by: Sequence[Grant]) -> str:
    names = " and ".join(dict.fromkeys(grant.by.name for grant in by))
    if any(grant.is_trust for grant in by):
        return f"{names} said never to ask about this text again"
    if any(grant.covers.tool for grant in by):
        return f"{names} approved calls of this tool for the whole task"
    return f"{names} approved the same a moment ago"


def covers_of(hold: Hold, now: datetime) -> tuple[Grant, ...]:
    """Return what an approved hold covers from now on: one grant for each rule that allows it.

    Where the votes are for a whole task, another one for that. Only rules whose own terms the votes
    meet; nothing where one released it alone, approved this request only, or changed the call. The
    ids are the same each time.
    """
    approving = [vote for vote in hold.votes if vote.approve]
    if hold.state not in {HoldState.APPROVED, HoldState.RELEASED, HoldState.LAPSED}:
        return ()
    if not approving or any(v.broke_glass or v.once or v.change for v in approving):
        return ()
    for_task = tuple(replace(v, approve=v.approve and v.for_task) for v in hold.votes)
    given: list[Grant] = []
    for number, fired in enumerate(hold.verdict.holding):
        terms = fired.question and fired.question.terms
        scope = coverage(hold.requester, hold.connection, fired.rule)
        approval = Approved(
            f"{hold.id}-{number}", hold.id, approving[-1].by, hold.decided_at or now
        )
        cover = cover_of(fired, replace(scope, call=hold.call), approval)
        if cover and terms and met(terms, counted(terms, hold, hold.votes)):
            cover = replace(cover, requester_name=hold.requester.name)
            given.append(cover)
            if met(terms, counted(terms, hold, for_task)):
                scope = replace(cover.covers, passages=())
                given += [
                    replace(cover, id=f"{cover.id}-task", covers=covers)
                    for covers in _of_task(scope, hold.tool)
                ]
    return tuple(given)


def given_by(hold: Hold, now: datetime) -> frozenset[str]:
    """Return the ids of all that the approval of a hold gave: its grant, and what it covers."""
    granted = hold.granted.ids if hold.granted else ()
    return frozenset((*granted, *(cover.id for cover in covers_of(hold, now))))


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval: the id of what it gives, the hold, who gave it and when."""

    id: str
    hold_id: str
    by: Person
    at: datetime


def cover_of(fired: FiredRule, scope: Coverage, approved: Approved) -> Grant | None:
    """Return what an approval covers of the passages of one rule; None where it covers nothing.

    `scope` is whose call of which kind it is, and the rule.
    """
    question = fired.question
    if question is None or question.cover is None or not question.names:
        return None
    most = approved.at + question.cover.most
    return Grant(
        id=approved.id,
        covers=replace(scope, law=question.law, passages=tuple(sorted(question.names))),
        requester_name="",
        by=approved.by,
        hold_id=approved.hold_id,
        created_at=approved.at,
        expires_at=min(most, approved.at + question.cover.idle),
        idle_seconds=int(question.cover.idle.total_seconds()),
        most_until=most,
    )


def counted(terms: Approval, hold: Hold, votes: Iterable[Vote]) -> tuple[Vote, ...]:
    """Return votes as one rule counts them: yes only by people whom it asked when they voted.

    A person's last vote counts: one that they give as somebody whom this rule does not ask takes
    back what they said before.
    """
    return tuple(replace(vote, approve=vote.approve and _asks(terms, vote, hold)) for vote in votes)


def _asks(terms: Approval, vote: Vote, hold: Hold) -> bool:
    late = terms.escalate_after
    escalated = late is not None and vote.at >= hold.created_at + late
    asked = {*terms.approvers, *terms.each_of, *(terms.escalate_to if escalated else ())}
    return not asked.isdisjoint(vote.sets)


def joins(verdict: Verdict, key: str, pending: Hold) -> bool:
    """Whether a pending hold asks already about all that is open in this verdict."""
    waiting = {fired.rule: fired.question for fired in pending.verdict.holding}
    for fired in verdict.holding:
        mine, theirs = fired.question, waiting.get(fired.rule)
        if mine is None or theirs is None or mine.law != theirs.law:
            return False
        same = set() < mine.names <= theirs.names if mine.cover else key == pending.key
        if not same:
            return False
    return bool(verdict.holding)


def only_repeats(verdict: Verdict) -> bool:
    """Whether all that is open is repeated by an agent, to have a title made of it."""
    asked = [fired.question for fired in verdict.holding]
    return bool(asked) and all(
        question and question.passages and all(passage.repeated for passage in question.passages)
        for question in asked
    )


def refuses(
    verdict: Verdict, key: str, denied: Hold, approved: AbstractSet[str] = frozenset()
) -> bool:
    """Whether what a denied hold was denied for is open in this verdict.

    A denial names the last typed turn or ask that was open, else all that was; where a rule
    decides about requests, that request. Of tool calls it names each. It counts as well where more
    was typed to the same turn since, unless its name is among those `approved` later.
    """
    was = {fired.rule: fired.question for fired in denied.verdict.holding}
    for fired in verdict.holding:
        mine, theirs = fired.question, was.get(fired.rule)
        if mine is None or theirs is None or mine.law != theirs.law:
            continue
        if mine.cover is None and key == denied.key:
            return True
        if (mine.cover or _calls(mine.passages)) and _denies(
            theirs.passages, mine.passages, approved
        ):
            return True
    return False


def _denies(
    denied: Sequence[Passage], passages: Sequence[Passage], approved: AbstractSet[str]
) -> bool:
    """Whether what was denied of these passages is among others: a call, an ask, or its work."""
    began = {name for passage in passages for name in passage.began}
    open_now = {name for passage in passages for name in passage.names} | (began - approved)
    calls = {passage.name for passage in _calls(denied)}
    if not calls.isdisjoint(open_now):
        return True
    asks = [passage.ask or passage.name for passage in denied if passage.asked]
    names = asks[-1:] or [passage.name for passage in denied]
    return bool(names) and open_now.issuperset(names)


def _calls(passages: Iterable[Passage]) -> list[Passage]:
    return [passage for passage in passages if passage.kind is PassageKind.CALL]


def same_questions(verdict: Verdict, key: str, other: Hold) -> bool:
    """Whether exactly the same is open as on another hold."""
    return _asked(verdict, key) == _asked(other.verdict, other.key)


def _asked(verdict: Verdict, key: str) -> set[tuple[str, str, frozenset[str]]]:
    return {
        (fired.rule, fired.question.law, fired.question.names or frozenset({key}))
        for fired in verdict.holding
        if fired.question
    }
