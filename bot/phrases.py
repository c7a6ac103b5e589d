"""Parts of sentences about a hold that cards, direct messages and lists share. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from app.domain.hold import HoldState
from app.domain.identity import IdentityKind
from app.domain.verdict import Risk
from app.ids import short
from bot import text
from policies.approval import approvals, quorum

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.hold import Hold, Vote
    from app.domain.identity import Identity, Provenance
    from bot.text import Markup

_RISKS = {
    Risk.LOW: "🟦 Low risk",
    Risk.MEDIUM: "🟨 Medium risk",
    Risk.HIGH: "🟧 High risk",
    Risk.CRITICAL: "🟥 Critical risk",
}


def name(hold: Hold) -> str:
    """Return what people call a hold by."""
    return short(hold.id)


def risk(hold: Hold) -> str:
    decisive = hold.verdict.decisive
    return _RISKS[decisive.risk] if decisive else "Risk unknown"


def rule_name(hold: Hold) -> str:
    decisive = hold.verdict.decisive
    return decisive.rule if decisive else "no rule"


def size(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.1f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def who(identity: Identity, slack_user: str) -> Markup:
    """Name who asks: the mention where we know them in Slack, and what the issuer vouches for."""
    if identity.kind is IdentityKind.WORKLOAD:
        return _job(identity)
    parts = [text.mention(slack_user)] if slack_user else []
    parts.append(text.words(identity.name, 120))
    if identity.email:
        parts.append(text.code(identity.email, 120))
    return text.join(*parts, by=" ")


def _job(identity: Identity) -> Markup:
    job = text.join(text.ours("CI job "), text.words(identity.name, 120))
    actor = identity.provenance.actor if identity.provenance else ""
    if not actor:
        return job
    return text.join(job, text.ours("\nstarted by "), text.words(actor, 120))


def target(connection: str, model: str) -> Markup:
    """Name the model and the connection that a request goes to."""
    over = text.join(text.ours("connection "), text.code(connection, 80))
    return text.join(text.code(model, 120), text.ours(" over "), over) if model else over


def call(method: str, path: str) -> Markup:
    return text.code(f"{method} /{path.lstrip('/')}", 160)


def origin(provenance: Provenance | None) -> Markup:
    """Say where a request comes from; what nobody vouches for is marked as claimed."""
    if provenance is None or not provenance.repository:
        return text.ours("not told")
    place = provenance.repository
    if provenance.commit:
        place += f"@{provenance.commit[:12]}"
    mark = text.ours(" ✓ verified") if provenance.verified else text.ours(" _claimed_")
    lines = [text.join(text.code(place, 160), mark)]
    if provenance.ref:
        lines.append(text.code(provenance.ref.removeprefix("refs/heads/"), 120))
    if provenance.run:
        workflow = provenance.workflow.partition("@")[0].rpartition("/")[2]
        lines.append(text.words(f"{workflow} run {provenance.run}".strip(), 120))
    return text.join(*lines, by="\n")


def approvers(hold: Hold) -> Markup:
    approval = hold.verdict.approval
    names = approval.approvers if approval else ()
    return text.words(", ".join(names) or "nobody", 200)


def progress(hold: Hold) -> Markup:
    counted = text.ours(f"{approvals(hold)} of {quorum(hold)}")
    by = _voters(tuple(vote for vote in hold.votes if vote.approve))
    return text.join(counted, text.ours(" by "), by) if by else counted


def outcome(hold: Hold) -> Markup:
    """Tell how the hold stands, in one or two lines; empty while it waits for a person."""
    match hold.state:
        case HoldState.PENDING:
            return text.ours("")
        case HoldState.APPROVED | HoldState.RELEASED | HoldState.LAPSED:
            return text.join(_approved(hold), _then(hold), by=" · ")
        case HoldState.DENIED:
            return _denied(hold)
        case HoldState.EXPIRED:
            return _expired(hold)
        case HoldState.WITHDRAWN:
            return text.join(text.ours("↩️ *Withdrawn*"), _at(hold.decided_at), _extra(hold))
        case _:
            assert_never(hold.state)


def _approved(hold: Hold) -> Markup:
    votes = tuple(vote for vote in hold.votes if vote.approve)
    at = votes[-1].at if votes else None
    return text.join(text.ours("✅ *Approved once* by "), _voters(votes), _at(at))


def _then(hold: Hold) -> Markup:
    if hold.state is HoldState.RELEASED:
        return text.join(text.ours("released"), _extra(hold))
    if hold.state is HoldState.LAPSED:
        return text.join(text.ours("nobody collected it: lapsed"), _at(hold.decided_at))
    if hold.attached or hold.keep_until is None:
        return text.ours("being released")
    kept = text.moment(hold.keep_until)
    return text.join(text.ours("the requester left: kept for their retry until "), kept)


def _denied(hold: Hold) -> Markup:
    votes = tuple(vote for vote in hold.votes if not vote.approve)
    line = text.join(text.ours("⛔ *Denied* by "), _voters(votes), _at(hold.decided_at))
    return text.join(line, *(reason(vote, text.ours(": ")) for vote in votes))


def reason(vote: Vote, lead: Markup) -> Markup:
    said = " – ".join(part for part in (vote.category, vote.reason) if part)
    return text.join(lead, text.words(said, 600)) if said else text.ours("")


def _expired(hold: Hold) -> Markup:
    had = approvals(hold)
    seen = f"{had} of {quorum(hold)} approvals came" if had else "nobody answered"
    return text.join(text.ours("⌛ *Expired*"), _at(hold.deadline), text.ours(f": {seen}"))


def _voters(votes: tuple[Vote, ...]) -> Markup:
    return text.join(*(text.mention(vote.by.slack_user) for vote in votes), by=", ")


def _at(moment: datetime | None) -> Markup:
    return text.join(text.ours(" at "), text.moment(moment)) if moment else text.ours("")


def _extra(hold: Hold) -> Markup:
    if not hold.outcome:
        return text.ours("")
    return text.join(text.ours(" · "), text.words(hold.outcome, 200))
