"""Trusted text: fixed text that nobody is asked about again, once people say so. Pure.

People say it on a card, for passages of fixed text: what an agent adds in a wrapper, a system
prompt, the description of a tool. It is a vote like an approval: for each rule it counts as soon as
the votes meet the terms of that rule. What is trusted then is not the passage but its *lines* with
findings: they may stand beside other text tomorrow, such as the date.

Of several votes the narrowest reach and the shortest time count: nobody's word serves for more
than they said.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.grant import Grant, reaching
from app.domain.trust import Reach, Trust
from policies.approvals.approval import Objection, judge_voter, last_words, met
from policies.passages.answers import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.domain.hold import Hold, Vote
    from app.domain.passage import Passage
    from app.domain.verdict import FiredRule
    from policies.approvals.approval import Voter

ADMINISTRATORS = "administrators"
"""The approver set whose members may trust a text for everyone."""
DAYS = (7, 30, 90)
"""For how long a text may be trusted."""


def trustable(hold: Hold) -> tuple[Passage, ...]:
    """Return the passages of a hold that may be trusted and are not yet, each once."""
    trusted = {trust.id for trust in trusts_of(hold)}
    return tuple(
        {
            passage.name: passage
            for number, fired in enumerate(hold.verdict.holding)
            for passage in _fixed(fired)
            if _id(hold, number, passage) not in trusted
        }.values()
    )


def judge_trust(hold: Hold, voter: Voter, trust: Trust, now: datetime) -> Objection | None:
    """Say what stands against a word for trusting passages of a hold."""
    if objection := judge_voter(hold, voter, now):
        return objection
    names = {passage.name for passage in trustable(hold)}
    if not trust.passages or not names.issuperset(trust.passages):
        return Objection.NOTHING_TO_TRUST
    if trust.reach is Reach.EVERYONE and ADMINISTRATORS not in voter.member_of:
        return Objection.NOT_FOR_EVERYONE
    if trust.reach not in reaching(hold.requester, hold.connection, ""):
        return Objection.NO_REPOSITORY
    said = [vote.trust for vote in last_words(hold.trusting) if _is_by(vote, voter)]
    return Objection.ALREADY_VOTED if said == [trust] else None


def trusts_of(hold: Hold) -> tuple[Grant, ...]:
    """Return what is trusted by what was said on a hold: a grant for each rule and passage.

    Each is the same whatever is said later.
    """
    given = (
        _given(hold, fired, passage, _id(hold, number, passage))
        for number, fired in enumerate(hold.verdict.holding)
        for passage in _fixed(fired)
    )
    return tuple(grant for grant in given if grant)


def trusted_passage(trust: Grant, hold: Hold) -> Passage | None:
    """Return the passage of a hold whose lines are trusted; None where it is not kept."""
    found = (
        passage
        for fired in hold.verdict.holding
        for passage in _fixed(fired)
        if (fired.rule, passage.lines) == (trust.covers.rule, trust.covers.lines)
    )
    return next(found, None)


def _fixed(fired: FiredRule) -> Sequence[Passage]:
    """Return the passages of a rule that may be trusted."""
    question = fired.question
    if question is None or question.cover is None:
        return ()
    return [passage for passage in question.passages if passage.is_trustable]


def _id(hold: Hold, number: int, passage: Passage) -> str:
    return f"{hold.id}-{number}-{passage.name[:12]}"


def _given(hold: Hold, fired: FiredRule, passage: Passage, grant_id: str) -> Grant | None:
    """Return the trust as of the first vote with which the terms of the rule are met."""
    question = fired.question
    if question is None:
        return None
    said = [
        replace(vote, approve=vote.trust is not None and passage.name in vote.trust.passages)
        for vote in hold.trusting
    ]
    votes = counted(question.terms, hold, said)
    for count, last in enumerate(votes, 1):
        if not met(question.terms, votes[:count]):
            continue
        agreed = [vote.trust for vote in last_words(votes[:count]) if vote.approve and vote.trust]
        reach = min((trust.reach for trust in agreed), key=lambda reach: reach.width)
        scope = reaching(hold.requester, hold.connection, fired.rule).get(reach)
        if scope is None:
            return None
        return Grant(
            id=grant_id,
            covers=replace(scope, call=hold.call, law=question.law, lines=passage.lines),
            requester_name=_whom(hold, reach),
            by=last.by,
            hold_id=hold.id,
            created_at=last.at,
            expires_at=last.at + timedelta(days=min(*(trust.days for trust in agreed), DAYS[-1])),
        )
    return None


def _whom(hold: Hold, reach: Reach) -> str:
    origin = hold.requester.provenance
    if reach is Reach.REPOSITORY and origin is not None:
        return origin.repository
    return "everyone" if reach is Reach.EVERYONE else hold.requester.name


def _is_by(vote: Vote, voter: Voter) -> bool:
    return vote.by.slack_user == voter.person.slack_user
