"""What cards, messages and lists say of a held tool call. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from bot.slack import text
from bot.slack.preformatted import revealed
from policies.calls.reading import CallKind, read_call

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.tool_call import HeldCall
    from bot.slack.text import Markup

# What is cut anyway need not be looked at to its end.
_ENOUGH = 2_000
_THINGS = {CallKind.COMMAND: "command", CallKind.EDIT: "edit", CallKind.OTHER: "call"}


def thing(call: HeldCall) -> str:
    """Say what it is, in a word of ours."""
    return _THINGS[read_call(call.arguments).kind]


def lead(call: HeldCall) -> str:
    """Return what says it in a line, still to be escaped."""
    return shown(read_call(call.arguments).lead)


def shown(words: str) -> str:
    """Return the beginning of a text from outside with all that would hide in it."""
    return revealed(words[:_ENOUGH]).text


def brief(call: HeldCall, limit: int = 120) -> Markup:
    """Name the tool and what it is to do."""
    return text.join(tool(call), text.ours(" "), text.code(lead(call), limit))


def tool(call: HeldCall) -> Markup:
    return text.words(shown(call.tool), 60)


def noun(hold: Hold) -> str:
    """Say what waits: a request, or a call of a tool."""
    return "tool call" if hold.tool else "request"


def then(hold: Hold) -> Markup:
    """Say what became of a call that was approved."""
    changed = " with the change" if hold.change else ""
    to = "the server" if hold.tool and hold.tool.is_request else "the agent"
    if hold.state is HoldState.RELEASED:
        return text.ours(f"released to {to}{changed}")
    if hold.state is HoldState.LAPSED and hold.outcome:
        return text.ours("but not used")
    if hold.state is HoldState.LAPSED:
        return text.ours("but the agent never came back for it")
    if hold.attached or hold.keep_until is None:
        return text.ours(f"being released to {to}{changed}")
    lead_in = text.ours("the agent has stopped waiting; its next try goes through until ")
    return text.join(lead_in, text.moment(hold.keep_until))
