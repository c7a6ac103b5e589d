"""Change and approve: the modal in which an approver rewrites a tool call. Pure.

A command is edited as it is. Everything else is edited as JSON, in which each sign can be spelled
so that it shows: a command with hidden signs too, and one that Slack might read an entity out of.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.errors import BadRequest
from app.wire import strict_json
from bot.slack import blocks, text
from bot.slack.preformatted import revealed
from bot.views import phrases
from policies.approvals.approval import Objection
from policies.calls.reading import command_of
from policies.calls.voting import may_change, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.domain.hold import Hold
    from app.domain.tool_call import HeldCall
    from app.wire.base import Json
    from bot.slack.blocks import Block

CHANGE_SUBMIT = "change_submit"
ARGUMENTS = "arguments"
EMPTY = "Say what should run in its place, or deny the call."
TYPOGRAPHIC = (
    "Your keyboard has put in typographic quotes or dashes ( “ ” ‘ ’ – — ), which a command takes "
    "for something else. Type them plain."
)
_NOTE = "note"
_NOTE_LIMIT = 600
# As much as Slack takes in a field, less what a change may add.
_LIMIT = 3_000
_MOST = 2_800
# No spelling in JSON is longer: six characters for one.
_MOST_WRITTEN = 6 * _MOST
_ENTITY = re.compile(r"&(?=(?:amp|lt|gt|quot|#\w+);)")
_TYPOGRAPHIC = frozenset("“”„‘’‚–—…")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is edited of a call. `command` names the argument that it is; empty: all of them."""

    text: str
    command: str = ""


class Unfit(Exception):
    """What was typed can't be a change; its text is a sentence for who typed it."""


def draft(call: HeldCall) -> Draft:
    """Return what an approver edits."""
    arguments = read(call.arguments)
    if not isinstance(arguments, dict):
        return Draft(call.arguments)
    match command_of(arguments):
        case (name, shell, command) if _is_plain(command):
            if shell or isinstance(arguments[name], str):
                return Draft(command, name)
    spelt = json.dumps(arguments, ensure_ascii=False, indent=2)
    return Draft("".join(_spelt(char) for char in _ENTITY.sub("\\\\u0026", spelt)))


def is_offered(hold: Hold) -> bool:
    """Whether the form can show the call to be changed."""
    if hold.tool is None or len(hold.tool.arguments) > _MOST_WRITTEN or not may_change(hold):
        return False
    shown = draft(hold.tool)
    readable = isinstance(read(hold.tool.arguments), dict) or _is_plain(shown.text)
    return len(shown.text) <= _MOST and readable


def change_form(hold: Hold, call: HeldCall, value: str) -> Block:
    """Offer the call to be changed; `value` is the hold's id, signed."""
    how = text.ours(
        "The call runs as you leave it here, once. Agent and requester are told that it was "
        "changed, and the record keeps both. Nothing else is covered by this."
    )
    shown = draft(call)
    element: Block = {
        "type": "plain_text_input",
        "multiline": True,
        "max_length": _LIMIT,
        "initial_value": shown.text,
    }
    label = "Command" if shown.command else "Arguments"
    return blocks.modal(
        f"Change {phrases.name(hold)}",
        [
            blocks.context(how),
            blocks.field(label, ARGUMENTS, element),
            blocks.text_field("Note", _NOTE, limit=_NOTE_LIMIT, optional=True),
        ],
        callback_id=CHANGE_SUBMIT,
        submit="Approve the change",
        close="Cancel",
        private=value,
    )


def read_form(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> tuple[str, str]:
    """Return what was typed, and the note. `values` come as Slack sends its `state.values`."""
    typed = str(values[ARGUMENTS][ARGUMENTS].get("value") or "")[:_LIMIT]
    return typed, str(values[_NOTE][_NOTE].get("value") or "")[:_NOTE_LIMIT]


def changed(call: HeldCall, typed: str) -> str:
    """Return the call's arguments with what was typed in place of what was shown.

    Raises Unfit.
    """
    shown = draft(call)
    new = typed.replace("\r\n", "\n")
    if not new.strip():
        raise Unfit(EMPTY)
    if new.strip() == shown.text.strip():
        return call.arguments
    if not isinstance(read(call.arguments), dict):
        return new
    if not shown.command:
        return _compact(new)
    if _TYPOGRAPHIC.intersection(new) - set(shown.text):
        raise Unfit(TYPOGRAPHIC)
    return _with_command(call.arguments, shown.command, new)


def _with_command(arguments: str, name: str, command: str) -> str:
    # Unlike `read`, this keeps the spelling of numbers.
    match strict_json.parse(arguments.encode()):
        case dict() as found:
            new: Json = command
            match found.get(name):
                case [shell, option, _]:
                    new = [shell, option, command]
            return _dumped({**found, name: new})
        case _:
            raise Unfit(Objection.NO_CHANGE.value)


def _compact(typed: str) -> str:
    """Return JSON as arguments are written; what can't be read stays, and is refused later."""
    try:
        return _dumped(strict_json.parse(typed.encode()))
    except (BadRequest, UnicodeEncodeError):
        return typed


def _dumped(arguments: Json) -> str:
    return strict_json.canonical(arguments).decode()


def _is_plain(words: str) -> bool:
    """Whether all of it shows in a field, and comes back as it was."""
    return not revealed(words).hidden and not _ENTITY.search(words)


def _spelt(char: str) -> str:
    """Spell a sign of JSON that would not show."""
    return json.dumps(char)[1:-1] if char != "\n" and revealed(char).hidden else char
