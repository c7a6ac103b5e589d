"""What the requester is told of a held tool call where a request is told otherwise. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from bot.slack import text
from bot.views.calls import words
from policies.calls.reading import read_call

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from bot.slack.text import Markup

HEADLINES = {
    HoldState.PENDING: "⏸️ Your agent's tool call {name} is waiting for approval.",
    HoldState.APPROVED: (
        "✅ Your agent's tool call {name} is approved. Let the agent go on to use the approval."
    ),
    HoldState.RELEASED: "✅ Your agent's tool call {name} was approved and released to the agent.",
    HoldState.DENIED: "⛔ Your agent's tool call {name} was denied.",
    HoldState.EXPIRED: "⌛ Your agent's tool call {name} expired: {silence}.",
    HoldState.LAPSED: (
        "⌛ Your agent's tool call {name} was approved, but the agent never came back for it."
    ),
    HoldState.WITHDRAWN: "↩️ You withdrew your agent's tool call {name}.",
}
ON_ITS_WAY = "✅ Your agent's tool call {name} is approved and on its way to the agent."
GIVEN_BACK = "↩️ Your agent's tool call {name} was withdrawn."
_IN_A_LINE = 200


def what(hold: Hold) -> list[tuple[str, Markup]]:
    """Name the call, and what it does by the change of an approver."""
    if hold.tool is None:
        return []
    told = [("Call", words.brief(hold.tool, _IN_A_LINE))]
    if hold.change:
        told.append(("Changed by the approver to", change(hold)))
    return told


def change(hold: Hold) -> Markup:
    """Name in a line what the call does as an approver changed it."""
    return text.code(words.shown(read_call(hold.change).lead), _IN_A_LINE)


def what_now(hold: Hold) -> Markup:
    """Say what they can do about it; empty where there is nothing."""
    match hold.state:
        case HoldState.DENIED:
            return text.ours(
                "The call did not run, and the agent goes on without it. Ask the agent for "
                "something else, or talk to the person who denied it."
            )
        case HoldState.EXPIRED | HoldState.LAPSED:
            return text.ours(
                "The call did not run. Ask the agent for it again when an approver is available: "
                "that starts a new review. If it is urgent, tell one of the approvers first."
            )
        case HoldState.WITHDRAWN if hold.note:
            return text.ours("The call did not run. Ask the agent for it again if you need it.")
        case HoldState.PENDING:
            return text.ours(
                "Wait: the agent goes on by itself once this is decided. If it stops before, tell "
                "it to go on, and it keeps its place. You can also withdraw the call."
            )
        case HoldState.APPROVED if hold.keep_until is not None and not hold.attached:
            until = text.moment(hold.keep_until)
            again = text.ours("Tell the agent to go on before ")
            return text.join(again, until, text.ours(": the same call then goes through at once."))
        case _:
            return text.ours("")
