"""How a hold stands once it is decided, in one or two lines. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from app.domain.hold import HoldState
from bot.slack import text
from bot.views import coverage, phrases
from bot.views.calls import words
from policies.approvals.approval import approvals, quorum

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.hold import Hold
    from bot.slack.text import Markup

_FEW = 3
# What the reasons of many may take together in one section.
_REASONS = 1_800


def outcome(hold: Hold) -> Markup:
    """Tell how the hold stands, in one or two lines; empty while it waits for a person."""
    match hold.state:
        case HoldState.PENDING:
            return text.ours("")
        case HoldState.APPROVED | HoldState.RELEASED | HoldState.LAPSED:
            told = text.join(_approved(hold), _then(hold), by=" · ")
            return text.join(told, *notes(hold), by="\n")
        case HoldState.DENIED:
            return _denied(hold)
        case HoldState.EXPIRED:
            return _expired(hold)
        case HoldState.WITHDRAWN:
            return _withdrawn(hold)
        case _:
            assert_never(hold.state)


def _withdrawn(hold: Hold) -> Markup:
    at = text.join(text.ours("↩️ *Withdrawn*"), _at(hold.decided_at))
    if not hold.note:
        return text.join(at, text.ours(" by the requester"))
    return text.join(at, text.ours(": "), text.words(hold.note, 300))


def _approved(hold: Hold) -> Markup:
    votes = tuple(vote for vote in hold.votes if vote.approve)
    at = _at(votes[-1].at if votes else None)
    if broken := next((vote for vote in votes if vote.broke_glass), None):
        by = phrases.voter(broken)
        head = text.join(text.ours("🚨 *BREAK-GLASS* by "), by, at)
        return text.join(head, phrases.reason(broken, text.ours(": ")))
    if hold.granted is None:
        if not votes:
            return text.join(text.ours("✅ *Approved*: "), text.words(hold.note, 200))
        only = f" for this {words.noun(hold)} only" if any(vote.once for vote in votes) else ""
        return text.join(text.ours(f"✅ *Approved{only}* by "), phrases.voters(votes), at)
    by = text.join(text.ours("✅ *Approved* by "), phrases.voters(votes), at)
    return text.join(by, coverage.grant(hold.granted, hold), by=" · ")


def notes(hold: Hold) -> list[Markup]:
    """Return what approvers noted with their approvals, each with its author."""
    return [
        text.join(
            text.ours("*Note* from "),
            phrases.voter(vote),
            text.ours(": "),
            text.words(vote.reason, 600),
        )
        for vote in hold.votes
        if vote.approve and vote.reason and not vote.broke_glass
    ]


def _then(hold: Hold) -> Markup:
    if hold.tool:
        return text.join(words.then(hold), _extra(hold))
    if hold.state is HoldState.RELEASED:
        return text.join(text.ours("released"), _extra(hold))
    if hold.state is HoldState.LAPSED:
        return text.join(text.ours("but never used"), _at(hold.decided_at))
    if hold.attached or hold.keep_until is None:
        return text.ours("being released")
    kept = text.moment(hold.keep_until)
    return text.join(
        text.ours("the requester disconnected; the approval is valid for a retry until "), kept
    )


def _denied(hold: Hold) -> Markup:
    votes = tuple(vote for vote in hold.votes if not vote.approve)
    line = text.join(text.ours("⛔ *Denied* by "), phrases.voters(votes), _at(hold.decided_at))
    limit = 600 if len(votes) <= _FEW else _REASONS // len(votes)
    return text.join(line, *(phrases.reason(vote, text.ours(": "), limit) for vote in votes))


def _expired(hold: Hold) -> Markup:
    had = approvals(hold)
    seen = f"{had} of {quorum(hold)} approvals came" if had else "no one answered"
    return text.join(text.ours("⌛ *Expired*"), _at(hold.deadline), text.ours(f": {seen}"))


def _at(moment: datetime | None) -> Markup:
    return text.join(text.ours(" at "), text.moment(moment)) if moment else text.ours("")


def _extra(hold: Hold) -> Markup:
    if not hold.outcome:
        return text.ours("")
    return text.join(text.ours(" · "), text.words(hold.outcome, 200))
