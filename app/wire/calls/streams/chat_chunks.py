"""The chunks of OpenAI Chat Completions: the calls in them, and chunks cut to one call each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from app.domain.tool_call import ToolCall
from app.wire import strict_json
from app.wire.calls.events import Stretch
from app.wire.calls.stream import unreadable

if TYPE_CHECKING:
    from app.wire.base import Json

Object: TypeAlias = "dict[str, Json]"

CALLS = ("tool_calls", "function_call")
"""The members of a delta that hold calls; the second is how calls were spelt at first."""
_TOKENS = ("logprobs", "token_ids")
_HOLDERS = {"function": "arguments", "custom": "input"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece of a call, as it stands in a delta; `index` is None where none is given."""

    value: Object
    index: int | None
    call_id: str
    name: str
    arguments: str
    holder: str
    """`function` or `custom`; empty for what stands in `function_call` itself."""


@dataclass(slots=True, eq=False)
class ChatCall:
    """One call of one choice, which comes in pieces."""

    choice: int
    index: int | None
    call_id: str
    entries: list[Entry] = field(default_factory=list)
    """Its pieces; of a call that needs no ruling only those with its name."""
    stretch: Stretch | None = None
    """Its place in line, where it is kept back."""
    is_kept: bool | None = None
    """Whether it needs a ruling; None as long as its name is not known."""
    whole: bool = False
    written: bool = False
    removed: bool = False
    """Whether it has gone on as a text, or not at all."""

    @property
    def names(self) -> set[str]:
        """The names that some client may understand."""
        pieces = [entry.name for entry in self.entries if entry.name]
        return {"".join(pieces), *pieces}

    @property
    def name(self) -> str:
        """The name: some servers send it in pieces, some again with each piece of a call."""
        pieces = [entry.name for entry in self.entries if entry.name]
        return pieces[0] if len(set(pieces)) == 1 else "".join(pieces)

    @property
    def arguments(self) -> str:
        return "".join(entry.arguments for entry in self.entries)

    @property
    def is_legacy(self) -> bool:
        return bool(self.entries) and not self.entries[0].holder

    @property
    def has_text(self) -> bool:
        return any(entry.holder == "custom" for entry in self.entries)

    @property
    def is_complete(self) -> bool:
        """Whether nothing can be added to the arguments any more, whatever is still to come."""
        if self.has_text or not self.name:
            return False
        try:
            return isinstance(json.loads(self.arguments), dict)
        except (ValueError, RecursionError):
            return False

    def tool_call(self) -> ToolCall:
        if len({entry.holder for entry in self.entries if entry.name or entry.arguments}) > 1:
            raise unreadable("a call of two kinds at once")
        return ToolCall(self.name, self.arguments, self.call_id)

    def rewritten(self, arguments: str) -> tuple[str, Json]:
        """Return the call with other arguments, whole: the member of the delta, and its value."""
        merged: Object = {}
        inner: Object = {}
        holder = next((entry.holder for entry in self.entries if entry.name), "function")
        for entry in self.entries:
            for name, value in entry.value.items():
                if value is not None and name not in _HOLDERS:
                    merged.setdefault(name, value)
            held = entry.value.get(entry.holder)
            for name, value in held.items() if isinstance(held, dict) else ():
                if value is not None:
                    inner.setdefault(name, value)
        if not holder:
            return "function_call", {**merged, "name": self.name, "arguments": arguments}
        inner |= {"name": self.name, _HOLDERS[holder]: arguments}
        return "tool_calls", [{**merged, holder: inner}]


def choices_of(chunk: Object) -> list[Object]:
    """Return the choices of a chunk. Raises `UpstreamUnavailable` where they are none."""
    choices = chunk.get("choices")
    if choices is None:
        return []
    if not isinstance(choices, list):
        raise unreadable("choices that are no list")
    found: list[Object] = []
    for choice in choices:
        if not isinstance(choice, dict):
            raise unreadable("a choice that is no object")
        found.append(choice)
    return found


def index_of(choice: Object) -> int:
    index = choice.get("index", 0)
    if isinstance(index, bool) or not isinstance(index, int):
        raise unreadable("a choice without a number")
    return index


def delta_of(choice: Object) -> Object:
    delta = choice.get("delta")
    if delta is not None and not isinstance(delta, dict):
        raise unreadable("a delta that is no object")
    return delta or {}


def entries_of(choice: Object) -> list[Entry]:
    """Return the pieces of calls in a choice, in order."""
    message = choice.get("message")
    if isinstance(message, dict) and any(message.get(name) for name in CALLS):
        raise unreadable("a whole message with calls in a stream")
    delta = delta_of(choice)
    calls = delta.get("tool_calls") or []
    if not isinstance(calls, list):
        raise unreadable("tool calls that are no list")
    found = [_entry(call) for call in calls]
    if (legacy := delta.get("function_call")) is not None:
        if not isinstance(legacy, dict):
            raise unreadable("a function call that is no object")
        found.append(
            Entry(legacy, None, "", _text(legacy, "name"), _arguments(legacy, "arguments"), "")
        )
    return found


def _entry(call: Json) -> Entry:
    if not isinstance(call, dict):
        raise unreadable("a tool call that is no object")
    index = call.get("index")
    if isinstance(index, bool) or not isinstance(index, int | None):
        raise unreadable("a tool call with an index that is no number")
    holders = [name for name in _HOLDERS if call.get(name) is not None]
    if len(holders) > 1:
        raise unreadable("a call of two kinds at once")
    holder = holders[0] if holders else "function"
    inner = call.get(holder)
    if inner is None:
        inner = {}
    if not isinstance(inner, dict):
        raise unreadable(f"a {holder} that is no object")
    arguments = _arguments(inner, _HOLDERS[holder])
    return Entry(call, index, _text(call, "id"), _text(inner, "name"), arguments, holder)


def _text(value: Object, name: str) -> str:
    text = value.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise unreadable(f"a tool call whose {name} is no text")
    return text


def _arguments(value: Object, name: str) -> str:
    """Return arguments; some servers send them as the object that they should spell."""
    arguments = value.get(name)
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else strict_json.dump(arguments).decode()


def known(calls: list[ChatCall], entry: Entry) -> ChatCall | None:
    """Return the call that a piece goes on with; None where it begins another.

    Some servers give no index, and some give the same one to calls that differ in their ids.
    """
    if not entry.holder:
        alike = [call for call in calls if call.is_legacy]
        return next(reversed(alike), None)
    own = [call for call in calls if not call.is_legacy]
    if entry.index is not None:
        own = [call for call in own if call.index == entry.index]
    if entry.call_id:
        alike = [call for call in own if call.call_id == entry.call_id]
        begun = [call for call in own if not call.call_id]
        return next(reversed(alike or begun), None)
    last = next(reversed(own), None)
    begins = entry.index is None and entry.name and last is not None and last.is_complete
    return None if begins else last


def cut(chunk: Object) -> list[tuple[Object, Entry | None]]:
    """Cut a chunk so that each call in it has a chunk of its own, with no words beside it.

    What comes to nothing goes with the first part, the end of a choice and the usage with the
    last. A chunk that needs no cut comes back as the same object.
    """
    choices = choices_of(chunk)
    parts = [part for choice in choices for part in _parts(choice)]
    if len(parts) == 1:
        return [(chunk, parts[0][1])]
    unused: Object = {"usage": None} if "usage" in chunk else {}
    last = len(parts) - 1
    return [
        ({**chunk, **(unused if at < last else {}), "choices": [choice]}, entry)
        for at, (choice, entry) in enumerate(parts)
    ]


def _parts(choice: Object) -> list[tuple[Object, Entry | None]]:
    entries = entries_of(choice)
    delta = {name: value for name, value in delta_of(choice).items() if name not in CALLS}
    deltas: list[tuple[Object, Entry | None]] = []
    if not entries or any(value for name, value in delta.items() if name != "role"):
        deltas.append((delta, None))
        delta = {}
    for entry in entries:
        own: Object = {"tool_calls": [entry.value]} if entry.holder else {}
        deltas.append(({**delta, **(own or {"function_call": entry.value})}, entry))
        delta = {}
    if len(deltas) == 1:
        return [(choice, deltas[0][1])]
    last = len(deltas) - 1
    plain = without_tokens(choice)
    return [
        ({**plain, "delta": delta, **({"finish_reason": None} if at < last else {})}, entry)
        for at, (delta, entry) in enumerate(deltas)
    ]


def without_tokens(choice: Object) -> Object:
    """Return a choice without the tokens of its text, which are those of a call as well."""
    told = {name: None for name in _TOKENS if choice.get(name) is not None}
    return {**choice, **told} if told else choice


def is_empty(chunk: Object) -> bool:
    """Whether a chunk says nothing any more after a call was taken out of it."""
    if chunk.get("usage") is not None:
        return False
    return not any(
        choice.get("finish_reason") or any(value for value in delta_of(choice).values())
        for choice in choices_of(chunk)
    )
