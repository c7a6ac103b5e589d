"""What the requester is told in a direct message: one for each task, kept up to date. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from app.domain.hold import Hold, HoldState
from bot.slack import blocks, text
from bot.slack.blocks import Button, Message
from bot.views import outcomes, phrases, queries
from bot.views.calls import requester
from policies.approvals.approval import approvals, quorum
from policies.approvals.queries import unanswered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.hold import Vote
    from bot.slack.blocks import Block
    from bot.slack.text import Markup


WITHDRAW = "hold_withdraw"
AGAIN = "hold_again"
_MOST_OTHERS = 12


@dataclass(frozen=True, slots=True)
class RequesterView:
    """A hold as its requester is told of it; `value` is what its buttons carry.

    `card` is where its card is found; empty where the requester can't open it.
    """

    hold: Hold
    value: str
    card: str = ""


def due(hold: Hold, *, waited: bool) -> bool:
    """Whether the requester has to hear of it. `waited`: for so long that they may wonder.

    Not where the caller has had its answer, or has it in a moment.
    """
    match hold.state:
        case HoldState.DENIED | HoldState.EXPIRED | HoldState.LAPSED:
            return True
        case HoldState.WITHDRAWN:
            # Why a tool call was withdrawn stands in the answer, or its agent was stopped.
            return bool(hold.note) and not hold.is_of_answer
        case HoldState.PENDING:
            return waited or unanswered(hold)
        case HoldState.APPROVED:
            return not hold.attached
        case HoldState.RELEASED:
            # A call that did not run as their agent made it.
            return bool(hold.change)
        case _:
            assert_never(hold.state)


def direct(task: Sequence[RequesterView]) -> Message:
    """Tell of the holds of a task: of the one that matters most in full, of the others in a line.

    Of the others, those that are still open come first. Says what happened, why, who decided and
    what to do now. Never the words that matched.
    """
    newest_first = sorted(task, key=lambda told: told.hold.id, reverse=True)
    lead = min(newest_first, key=_urgency)
    others = [told for told in newest_first if told is not lead]
    others.sort(key=lambda told: not told.hold.state.open)
    drawn = _in_full(lead)
    if others:
        drawn += [blocks.divider(), blocks.context(text.ours("Other requests of this task"))]
        for told in others[:_MOST_OTHERS]:
            drawn.append(_in_a_line(told))
            if unanswered(told.hold):
                drawn += queries.to_answer(told.hold, told.value)
    if more := len(others) - _MOST_OTHERS:
        drawn += [blocks.context(text.ours(f"… and {more} earlier"))] if more > 0 else []
    return Message(_headline(lead.hold), tuple(drawn[: blocks.MESSAGE_BLOCKS]))


def _in_full(told: RequesterView) -> list[Block]:
    hold = told.hold
    drawn = [
        blocks.section(_headline(hold)),
        blocks.section(_rule(hold)),
        blocks.fields(_facts(told)),
    ]
    drawn += [blocks.section(reason) for reason in _reasons(hold)]
    drawn += queries.to_answer(hold, told.value)
    if todo := requester.what_now(hold) if hold.tool else _what_now(hold):
        drawn.append(blocks.section(text.join(text.ours("*What to do now*\n"), todo)))
    if offered := _buttons(told):
        drawn.append(blocks.actions(f"direct:{hold.id}", offered))
    session = text.join(text.ours("Session "), text.code(hold.session_id, 80))
    return [*drawn, blocks.context(session)]


def _in_a_line(told: RequesterView) -> Block:
    hold = told.hold
    mark, said, then = _LINES[hold.state]
    if hold.state is HoldState.WITHDRAWN and hold.note and not hold.is_of_answer:
        said = "couldn't be reviewed"
    if hold.tool and then:
        then = _CALL_THEN[hold.state]
    if _is_on_its_way(hold):
        then = ""
    parts = [
        text.join(text.ours(f"{mark} "), text.moment(hold.created_at)),
        text.ours(f"*{phrases.name(hold)}*"),
        phrases.aim(hold),
        text.join(text.ours(said), _by(hold), text.ours(then)),
    ]
    if hold.tool and hold.change:
        parts.append(text.join(text.ours("changed to "), requester.change(hold)))
    if told.card:
        parts.append(text.link(told.card, "card"))
    line = text.join(*parts, by=" · ")
    for reason in _reasons(hold)[:1]:
        line = text.join(line, text.ours("\n"), reason)
    return blocks.section(line, button=next(iter(_buttons(told)), None))


def _by(hold: Hold) -> Markup:
    """Name who decided it, with a blank before."""
    deciders = _deciders(hold) if hold.state is not HoldState.PENDING else []
    by = text.join(*(phrases.voter(vote) for vote in deciders), by=", ")
    return text.join(text.ours(" by "), by) if deciders else text.ours("")


def _buttons(told: RequesterView) -> list[Button]:
    match told.hold.state:
        case HoldState.PENDING:
            said = "Approvers won't be asked again. You can send the request again later."
            if told.hold.tool:
                said = "Approvers won't be asked again. The agent is told that it is withdrawn."
            return [Button("Withdraw", WITHDRAW, told.value, style="danger", confirm=said)]
        case _ if told.hold.is_of_answer:
            # Only the agent can make its call again.
            return []
        case HoldState.DENIED | HoldState.EXPIRED | HoldState.LAPSED | HoldState.WITHDRAWN:
            return [Button("Request again…", AGAIN, told.value)]
        case HoldState.APPROVED | HoldState.RELEASED:
            return []
        case _:
            assert_never(told.hold.state)


def _urgency(told: RequesterView) -> int:
    """Put first what the requester is asked about, then what they can do something about."""
    if unanswered(told.hold):
        return 0
    return {HoldState.PENDING: 1, HoldState.APPROVED: 2}.get(told.hold.state, 3)


_LINES = {
    HoldState.PENDING: ("⏸️", "waiting for approval", ""),
    HoldState.APPROVED: ("✅", "approved", ": send it again to use the approval"),
    HoldState.RELEASED: ("✅", "approved", ""),
    HoldState.DENIED: ("⛔", "denied", ""),
    HoldState.EXPIRED: ("⌛", "expired", ""),
    HoldState.LAPSED: ("⌛", "approved", ", but not sent again in time"),
    HoldState.WITHDRAWN: ("↩️", "withdrawn", ""),
}
"""How each state is told in a line: a mark, and what stands before and after who decided."""
_CALL_THEN = {
    HoldState.APPROVED: ": tell the agent to go on",
    HoldState.LAPSED: ", but the agent never came back for it",
}
_HEADLINES = {
    HoldState.PENDING: "⏸️ Your request {name} is waiting for approval.",
    HoldState.APPROVED: "✅ Your request {name} is approved. Send it again to use the approval.",
    HoldState.RELEASED: "✅ Your request {name} was approved and has gone through.",
    HoldState.DENIED: "⛔ Your request {name} was denied.",
    HoldState.EXPIRED: "⌛ Your request {name} expired: {silence}.",
    HoldState.LAPSED: "⌛ Your request {name} was approved, but not sent again in time.",
    HoldState.WITHDRAWN: "↩️ You withdrew your request {name}.",
}
_ON_ITS_WAY = "✅ Your request {name} is approved and on its way."
_GIVEN_BACK = "↩️ Your request {name} couldn't be reviewed: no approver could be reached."


def _headline(hold: Hold) -> Markup:
    headlines = requester.HEADLINES if hold.tool else _HEADLINES
    headline = headlines[hold.state]
    if hold.state is HoldState.WITHDRAWN and hold.note:
        headline = requester.GIVEN_BACK if hold.tool else _GIVEN_BACK
    if _is_on_its_way(hold):
        headline = requester.ON_ITS_WAY if hold.tool else _ON_ITS_WAY
    said = headline.format(name=phrases.name(hold), silence=_silence(hold))
    return text.ours(said)


def _is_on_its_way(hold: Hold) -> bool:
    """Whether it is approved and goes out in a moment, since its caller is still there."""
    return hold.state is HoldState.APPROVED and hold.attached


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


def _facts(told: RequesterView) -> list[tuple[str, Markup]]:
    hold = told.hold
    target = text.words(f"{hold.model} via {hold.connection}".removeprefix(" via "), 200)
    facts = [
        *requester.what(hold),
        ("Sent", text.moment(hold.created_at, day=True)),
        ("To", target),
        *_note(hold),
    ]
    if origin := phrases.origin(hold.requester.provenance):
        facts.append(("From", origin))
    if hold.state is HoldState.PENDING:
        facts += [("Expires", text.moment(hold.deadline)), ("Asked", phrases.approvers(hold))]
    if deciders := _deciders(hold):
        by = text.join(*(phrases.voter(vote) for vote in deciders), by=", ")
        at = text.join(text.ours(" at "), text.moment(deciders[-1].at))
        facts.append(("Denied by" if _was_denied(hold) else "Approved by", text.join(by, at)))
    if hold.state is HoldState.EXPIRED:
        facts.append(("Asked", phrases.approvers(hold)))
    if told.card:
        facts.append(("Card", text.link(told.card, "Open the card")))
    return facts


def _deciders(hold: Hold) -> list[Vote]:
    return [vote for vote in hold.votes if vote.approve is not _was_denied(hold)]


def _was_denied(hold: Hold) -> bool:
    return hold.state is HoldState.DENIED


def _reasons(hold: Hold) -> list[Markup]:
    """Give the reasons of a denial, as far as the manager shares them, or notes of approvals."""
    if not _was_denied(hold):
        return outcomes.notes(hold)
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
        case HoldState.APPROVED if hold.keep_until is not None and not hold.attached:
            until = text.moment(hold.keep_until)
            again = text.ours("Send exactly the same request again before ")
            return text.join(again, until, text.ours(": it goes through once, without waiting."))
        case _:
            return text.ours("")
