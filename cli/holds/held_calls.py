"""Held tool calls, as `abeyance hold` shows and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from app.domain.tool_call import HeldCall
from app.errors import BadRequest
from bot.slack.preformatted import revealed
from bot.views.calls.change_form import Unfit, changed
from policies.calls.reading import read_call

if TYPE_CHECKING:
    from rich.text import Text

Json: TypeAlias = dict[str, Any]


def brief(hold: Json) -> str:
    """Name the tool and what it is to do; empty where what is held is no call."""
    if not hold["tool"]:
        return ""
    lead = read_call(hold["tool"]["arguments"]).lead
    return f"{hold['tool']['name']}: {revealed(lead).text}"[:160]


def facts(hold: Json) -> tuple[tuple[str, str], ...]:
    """Return what led to the call, by name."""
    call = hold["tool"]
    if not call:
        return ()
    return (
        ("tool", call["name"]),
        ("folder", call["folder"]),
        ("asked", call["ask"]),
        *(("before", line) for line in call["before"]),
    )


def add_call(told: Text, hold: Json) -> None:
    """Show all that the call would do, and what it does by the change of an approver."""
    if not hold["tool"]:
        return
    _add(told, hold["tool"]["arguments"])
    if hold["change"]:
        told.append("\nChanged by the approver. What runs is this:\n", style="bold")
        _add(told, hold["change"])


def changed_by(hold: Json, typed: str) -> str:
    """Return the call's arguments with what was typed in place of its command, or of all of them.

    Raises BadRequest.
    """
    call = hold["tool"]
    if not call:
        raise BadRequest("Only a tool call can be changed, and this is a request.")
    try:
        return changed(HeldCall(call["name"], call["arguments"]), typed.rstrip("\n"))
    except Unfit as unfit:
        raise BadRequest(str(unfit)) from None


def _add(told: Text, arguments: str) -> None:
    reading = read_call(arguments)
    beside = (f"{name}: {value}" for name, value in reading.beside)
    shown = revealed("\n".join((reading.text, *beside)))
    told.append("\n")
    for line in shown.text.split("\n"):
        told.append("  │ ", style="dim").append(f"{line}\n")
    if shown.hidden:
        told.append("  Some characters of it would not show: here are their code points.\n")
