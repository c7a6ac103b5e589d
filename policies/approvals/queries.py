"""Questions to the requester of a request that is waiting: who may ask, who may answer. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldEvent, HoldState, Query
from policies.approvals.approval import Objection, is_requester, judge_voter

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.hold import Hold
    from policies.approvals.approval import Voter

MOST = 3
"""How many questions are asked about one hold."""


def asked(hold: Hold, voter: Voter, text: str, now: datetime, move: str) -> Hold | Objection:
    """Return the hold with a question, or why it is not asked; only approvers may ask."""
    if objection := objection_to_asking(hold, voter, now):
        return objection
    if any(query.text == text for query in hold.queries):
        return Objection.ASKED_ALREADY  # Slack may deliver a form twice.
    query = Query(voter.person, text, now)
    return hold.querying((*hold.queries, query), HoldEvent.ASK, now, move=move)


def answered(
    hold: Hold, voter: Voter, number: int, text: str, now: datetime, move: str
) -> Hold | Objection:
    """Return the hold with the answer to one of its questions, counted from 0, or why not."""
    if objection := objection_to_answering(hold, voter, number, now):
        return objection
    queries = list(hold.queries)
    queries[number] = queries[number].answered(text, now)
    return hold.querying(tuple(queries), HoldEvent.ANSWER, now, move=move)


def objection_to_asking(hold: Hold, voter: Voter, now: datetime) -> Objection | None:
    """Say what stands against a question: the same as against a vote, but for having voted."""
    if objection := judge_voter(hold, voter, now):
        return objection
    return Objection.ASKED_ENOUGH if len(hold.queries) >= MOST else None


def objection_to_answering(
    hold: Hold, voter: Voter, number: int, now: datetime
) -> Objection | None:
    """Say what stands against an answer: only the requester gives it, once, while it can help."""
    if not is_requester(hold.requester, voter):
        return Objection.NOT_THE_REQUESTER
    if hold.state is not HoldState.PENDING:
        return Objection.OVER
    if now >= hold.deadline:
        return Objection.TOO_LATE
    if not 0 <= number < len(hold.queries) or hold.queries[number].answered_at:
        return Objection.ANSWERED
    return None


def unanswered(hold: Hold) -> bool:
    """Whether the requester is asked something right now."""
    return hold.state is HoldState.PENDING and not all(q.answered_at for q in hold.queries)
