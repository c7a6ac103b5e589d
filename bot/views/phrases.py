"""Parts of sentences about a hold that cards, direct messages and lists share. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from app.domain.identity import IdentityKind
from app.domain.verdict import Risk
from app.ids import short
from bot.slack import text
from bot.views.calls import words
from policies.approvals.approval import approvals, denials, missing, quorum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.hold import Hold, Vote
    from app.domain.hook import Hook
    from app.domain.identity import Identity, Provenance
    from bot.people.approvers import Audience
    from bot.slack.text import Markup

_RISKS = {
    Risk.LOW: "🟦 Low risk",
    Risk.MEDIUM: "🟨 Medium risk",
    Risk.HIGH: "🟧 High risk",
    Risk.CRITICAL: "🟥 Critical risk",
}

_MOST_CALLED = 20

ONLY_OURS = (
    "Only people of this company can decide here. Your Slack account belongs to another "
    "workspace, so nothing was changed."
)
_DISCONNECTED = text.ours(
    "🔌 The requester disconnected. If you approve, it applies when they retry."
)
_AGENT_LEFT = text.ours(
    "🔌 The agent has stopped waiting. If you approve, it applies when the agent tries again."
)


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
    """Name who asks: the mention where we know them in Slack, and what the issuer vouches for.

    Where both vouch for the same address, it is marked as verified.
    """
    if identity.kind is IdentityKind.WORKLOAD:
        return _job(identity)
    named = text.mention(slack_user) if slack_user else text.bold(identity.name, 120)
    if not identity.email:
        return named or text.code(identity.subject, 120)
    mark = text.ours(" ✓ verified" if slack_user else "")
    return text.join(named, text.ours(" "), text.code(identity.email, 120), mark)


def _job(identity: Identity) -> Markup:
    provenance = identity.provenance
    job = text.ours("CI job")
    if provenance is None or identity.name != provenance.repository:
        job = text.join(job, text.ours(" "), text.words(identity.name, 120))
    if provenance is None or not provenance.actor:
        return job
    return text.join(job, text.ours(" started by "), text.words(provenance.actor, 120))


def disconnected(hold: Hold) -> Markup:
    """Say that nobody is connected and waits, and what an approval does then."""
    return _AGENT_LEFT if hold.tool else _DISCONNECTED


def aim(hold: Hold) -> Markup:
    """Name what a hold is to go to: the model, or else the connection; or what a call is to do."""
    return words.brief(hold.tool) if hold.tool else text.words(hold.model or hold.connection, 80)


def target(connection: str, model: str) -> Markup:
    """Name the model and the connection that a request goes to."""
    over = text.code(connection, 80)
    return text.join(text.code(model, 120), text.ours(" via "), over) if model else over


def waits(hold: Hold) -> Markup:
    """Say, after whose request it is, where it would go, what holds it and until when."""
    return text.join(
        text.ours(" → "),
        aim(hold),
        text.ours(" · "),
        text.code(rule_name(hold), 80),
        text.ours(" · expires "),
        text.moment(hold.deadline),
    )


def passes(hold: Hold) -> Markup:
    """Say, after whose grant it is, where it lets pass, and past which rules."""
    over = text.code(hold.connection, 80)
    return text.join(
        text.ours(" → "),
        text.join(aim(hold), text.ours(" via "), over) if hold.tool else over,
        text.ours(" past "),
        text.words(", ".join(fired.rule for fired in hold.verdict.holding), 160),
    )


def call(method: str, path: str) -> Markup:
    return text.code(f"{method} /{path.lstrip('/')}", 160)


def origin(provenance: Provenance | None) -> Markup:
    """Say where a job comes from; what nobody vouches for is marked as claimed.

    Empty where nothing is told.
    """
    if provenance is None or not provenance.repository:
        return text.ours("")
    place = provenance.repository
    if provenance.commit:
        place += f"@{provenance.commit[:7]}"
    mark = text.ours(" ✓ verified") if provenance.verified else text.ours(" _claimed_")
    parts = [text.join(text.code(place, 160), mark)]
    if provenance.ref:
        parts.append(text.code(provenance.ref.removeprefix("refs/heads/"), 120))
    if workflow := provenance.workflow.partition("@")[0].rpartition("/")[2]:
        parts.append(text.words(workflow, 80))
    if provenance.run:
        parts.append(text.words(f"run {provenance.run}", 60))
    return text.join(*parts, by=" · ")


def hooked(hook: Hook) -> Markup:
    """Mark a session in a list as the question of a hook."""
    return text.join(text.ours("· hook of "), text.words(hook.tool.label, 40))


def asked_by(hook: Hook, *, folder: bool = True) -> Markup:
    """Name the hook that asks; where it works is only what it says."""
    who = text.join(text.ours("Asked by a hook of "), text.words(hook.tool.label, 40))
    if not (folder and hook.folder):
        return who
    where = text.code(words.shown(hook.folder), 200)
    return text.join(who, text.ours(" in "), where, text.ours(" _claimed_"))


def approvers(hold: Hold) -> Markup:
    approval = hold.verdict.approval
    names = dict.fromkeys((*approval.approvers, *approval.each_of)) if approval else ()
    return text.words(", ".join(names) or "nobody", 200)


def called(audience: Audience) -> Markup:
    """Mention the people and groups, and name the sets that want no mention."""
    ids = [text.call(one) for one in audience.ids[:_MOST_CALLED]]
    return text.join(*ids, *(text.words(name, 80) for name in audience.quiet[:10]), by=", ")


def counted(hold: Hold) -> str:
    """Say how many approvals are still to come."""
    left = max(quorum(hold) - approvals(hold), 1)
    return "an approval" if left == 1 else f"{left} approvals"


def several(hold: Hold) -> bool:
    """Whether it takes more than one person."""
    return quorum(hold) > 1


def progress(hold: Hold) -> Markup:
    noun = "approvals" if several(hold) else "approval"
    said = text.ours(f"{approvals(hold)} of {quorum(hold)} {noun}")
    by = voters(tuple(vote for vote in hold.votes if vote.approve))
    if by:
        said = text.join(said, text.ours(" by "), by)
    if hold.verdict.approval is not None and (lacking := missing(hold)):
        need = text.join(text.ours(" · still needs one from "), _each_of(lacking))
        said = text.join(said, need)
    if against := tuple(vote for vote in hold.votes if not vote.approve):
        count = text.ours(f" · {denials(hold)} against: ")
        said = text.join(said, count, voters(against))
    return said


def votes(hold: Hold) -> list[Markup]:
    """Tell of each vote of which neither the progress nor the outcome tells all."""
    told = _told_in_outcome(hold)
    pending = hold.state is HoldState.PENDING
    return [_vote(vote) for vote in hold.votes if vote not in told and (_why(vote) or not pending)]


def _told_in_outcome(hold: Hold) -> tuple[Vote, ...]:
    if broken := tuple(vote for vote in hold.votes if vote.broke_glass):
        return broken
    match hold.state:
        case HoldState.APPROVED | HoldState.RELEASED | HoldState.LAPSED:
            return tuple(vote for vote in hold.votes if vote.approve)
        case HoldState.DENIED:
            return tuple(vote for vote in hold.votes if not vote.approve)
        case _:
            return ()


def _vote(vote: Vote) -> Markup:
    sign, word = ("✅", "approved") if vote.approve else ("⛔", "was against it")
    who = text.join(text.ours(f"{sign} "), voter(vote))
    return text.join(who, text.ours(f" {word}"), reason(vote, text.ours(": ")))


def _each_of(seats: Sequence[Sequence[str]]) -> Markup:
    return text.join(*(text.words(" or ".join(sets), 160) for sets in seats), by=" and one from ")


def marks(hold: Hold) -> Markup:
    """Tell which rules were called false alarms, and by whom; empty where none was."""
    several = len(hold.verdict.enforced) > 1
    told = [
        text.join(
            text.ours("✗ "),
            marked_by(mark.slack_user),
            *((text.ours(": "), text.code(mark.rule, 100)) if several else ()),
        )
        for mark in hold.marked[:5]
    ]
    return text.join(*told, by="\n")


def marked_by(slack_user: str) -> Markup:
    who = text.mention(slack_user) if slack_user else text.ours("an auditor")
    return text.join(text.ours("Marked as a false alarm by "), who)


def reason(vote: Vote, lead: Markup, limit: int = 600) -> Markup:
    said = _why(vote)
    return text.join(lead, text.words(said, limit)) if said else text.ours("")


def _why(vote: Vote) -> str:
    return " – ".join(part for part in (vote.category, vote.reason) if part)


def voter(vote: Vote) -> Markup:
    """Name who cast a vote: in Slack, or by name on the terminal."""
    if vote.by.slack_user:
        return text.mention(vote.by.slack_user)
    return text.join(text.bold(vote.by.name, 120), text.ours(" (on the terminal)"))


def voters(votes: tuple[Vote, ...]) -> Markup:
    return text.join(*(voter(vote) for vote in votes), by=", ")
