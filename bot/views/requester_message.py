"""What the requester is told in a direct message: one message a hold, updated. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from app.domain.hold import HoldState
from bot.slack import blocks, text
from bot.slack.blocks import Button, Message
from bot.views import phrases
from policies.approval import approvals, quorum

if TYPE_CHECKING:
    from app.domain.hold import Hold, Vote
    from bot.slack.text import Markup


WITHDRAW = "hold_withdraw"
AGAIN = "hold_again"


def due(hold: Hold) -> bool:
    """Whether the requester has to hear of it: an end, or how it stands while they are away."""
    match hold.state:
        case HoldState.DENIED | HoldState.EXPIRED | HoldState.LAPSED:
            return True
        case HoldState.WITHDRAWN:
            return bool(hold.note)
        case HoldState.PENDING | HoldState.APPROVED:
            return not hold.attached
        case HoldState.RELEASED:
            return False
        case _:
            assert_never(hold.state)


def direct(hold: Hold, *, value: str) -> Message:
    """Say what happened, why, who decided and what to do now. Never the words that matched.

    `value` is what the buttons carry.
    """
    headline = _headline(hold)
    drawn = [
        blocks.section(headline),
        blocks.section(_rule(hold)),
        blocks.fields(_facts(hold)),
    ]
    drawn += [blocks.section(reason) for reason in _reasons(hold)]
    if todo := _what_now(hold):
        drawn.append(blocks.section(text.join(text.ours("*What to do now*\n"), todo)))
    if offered := _buttons(hold, value):
        drawn.append(blocks.actions(f"direct:{hold.id}", offered))
    session = text.join(text.ours("Session "), text.code(hold.session_id, 80))
    drawn.append(blocks.context(session))
    return Message(headline, tuple(drawn))


def _buttons(hold: Hold, value: str) -> list[Button]:
    match hold.state:
        case HoldState.PENDING:
            said = "Approvers won't be asked again. You can send the request again later."
            return [Button("Withdraw", WITHDRAW, value, style="danger", confirm=said)]
        case HoldState.DENIED | HoldState.EXPIRED | HoldState.LAPSED | HoldState.WITHDRAWN:
            return [Button("Request again…", AGAIN, value)]
        case HoldState.APPROVED | HoldState.RELEASED:
            return []
        case _:
            assert_never(hold.state)


_HEADLINES = {
    HoldState.PENDING: "⏸️ Your request {name} is waiting for approval.",
    HoldState.APPROVED: "✅ Your request {name} is approved. Send it again to use the approval.",
    HoldState.RELEASED: "✅ Your request {name} was approved and has gone through.",
    HoldState.DENIED: "⛔ Your request {name} was denied.",
    HoldState.EXPIRED: "⌛ Your request {name} expired: {silence}.",
    HoldState.LAPSED: "⌛ Your request {name} was approved, but not sent again in time.",
    HoldState.WITHDRAWN: "↩️ You withdrew your request {name}.",
}
_GIVEN_BACK = "↩️ Your request {name} couldn't be reviewed: no approver could be reached."


def _headline(hold: Hold) -> Markup:
    given_back = hold.state is HoldState.WITHDRAWN and hold.note
    headline = _GIVEN_BACK if given_back else _HEADLINES[hold.state]
    said = headline.format(name=phrases.name(hold), silence=_silence(hold))
    return text.ours(said)


def _note(hold: Hold) -> list[tuple[str, Markup]]:
    return [("Why", text.words(hold.note, 300))] if hold.note else []


def _silence(hold: Hold) -> str:
    had = approvals(hold)
    return f"{had} of {quorum(hold)} approvals came in time" if had else "no one answered in time"


def _rule(hold: Hold) -> Markup:
    decisive = hold.verdict.decisive
    if decisive is None:
        return text.ours("A policy rule held this request.")
    name = text.join(text.ours("Rule "), text.code(decisive.rule, 100))
    return text.join(name, text.ours(": "), text.words(decisive.explain or decisive.title, 500))


def _facts(hold: Hold) -> list[tuple[str, Markup]]:
    target = text.words(f"{hold.model} via {hold.connection}".removeprefix(" via "), 200)
    facts = [
        ("Sent", text.moment(hold.created_at, day=True)),
        ("To", target),
        *_note(hold),
    ]
    if origin := phrases.origin(hold.requester.provenance):
        facts.append(("From", origin))
    if hold.state is HoldState.PENDING:
        facts += [("Expires", text.moment(hold.deadline)), ("Asked", phrases.approvers(hold))]
    if deciders := [vote for vote in hold.votes if vote.approve is not _was_denied(hold)]:
        by = text.join(*(text.mention(vote.by.slack_user) for vote in deciders), by=", ")
        at = text.join(text.ours(" at "), text.moment(deciders[-1].at))
        facts.append(("Denied by" if _was_denied(hold) else "Approved by", text.join(by, at)))
    if hold.state is HoldState.EXPIRED:
        facts.append(("Asked", phrases.approvers(hold)))
    return facts


def _was_denied(hold: Hold) -> bool:
    return hold.state is HoldState.DENIED


def _reasons(hold: Hold) -> list[Markup]:
    """Give the reasons of a denial, as far as the manager shares them."""
    if not _was_denied(hold):
        return []
    lead = text.ours("*Reason:* ")
    shared = [phrases.reason(vote, lead) for vote in hold.votes if _tells(vote)]
    return shared or [text.join(lead, text.ours("not shared"))]


def _tells(vote: Vote) -> bool:
    return not vote.approve and vote.shared and bool(vote.category or vote.reason)


def _what_now(hold: Hold) -> Markup:
    match hold.state:
        case HoldState.DENIED:
            return text.ours(
                "Change the prompt as the rule says and send it again, or talk to the person "
                "who denied it."
            )
        case HoldState.EXPIRED | HoldState.LAPSED:
            return text.ours(
                "Send it again when an approver is available. That starts a new review. If it is "
                "urgent, tell one of the approvers first."
            )
        case HoldState.WITHDRAWN if hold.note:
            return text.ours(
                "Send the reason above to your Abeyance administrator, then send the request again."
            )
        case HoldState.PENDING:
            return text.ours(
                "Wait, or send exactly the same request again at any time: it will keep its "
                "place, or go through once approved. You can also withdraw it."
            )
        case HoldState.APPROVED if hold.keep_until is not None:
            until = text.moment(hold.keep_until)
            again = text.ours("Send exactly the same request again before ")
            return text.join(again, until, text.ours(": it goes through once, without waiting."))
        case _:
            return text.ours("")
