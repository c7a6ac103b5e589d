"""Finds and rewrites the texts of a request body, along a table.

Reading and rewriting are one walk, so that what a rule saw is what a mask changes. Every string
is a segment, except the protocol's own words and what no rule can read (base64 of an image).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from app.domain.segment import Attachment, Prompt, Role, Segment
from app.domain.tool_call import ToolCall
from app.wire import nature, strict_json
from app.wire.answer.tree_masker import free_name
from app.wire.base import Json
from app.wire.embedded_json import mask_json_text
from app.wire.json_paths import Shape, ValueKind

ROLES: Mapping[str, Role] = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}
_IDENTIFIER = re.compile(r"[A-Za-z_]{1,40}")
_LONGEST = 200  # characters of a place; a body could make it as long as itself, for each text
_FEWEST = 256  # characters of base64 that are counted where no API has a place for it
_CALL_IDS = ("id", "call_id")
_RESULT_IDS = ("tool_call_id", "tool_use_id", "call_id")
# Tuples, since a set would be made, and each kind hashed, for every text.
_JSON_TEXTS = (ValueKind.JSON, ValueKind.ARGUMENTS)
_ENCODED = (ValueKind.BLOB, ValueKind.BYTES, ValueKind.KEEP)

Each: TypeAlias = "Callable[[Segment], str]"


@dataclass(frozen=True, slots=True)
class RequestTable:
    """Where the words of a request are.

    `roles` gives the role of what is under a top-level member. Within it an object's own `role`
    says better, or by `types` its `type` or the member it stands under. `hidden` names members
    that make the provider recall text which the request does not hold.
    """

    shape: Shape
    roles: Mapping[str, Role] = field(default_factory=dict)
    types: Mapping[str, Role] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    model: tuple[str, ...] = ("model",)
    streamed: bool | None = None
    """Whether the answer streams; None: as the body's `stream` says."""
    without_lines: Callable[[Json], Json] = lambda body: body
    """Takes out what we have said ourselves in earlier answers; see `waiting.line`."""
    calls: Callable[[Json], Iterable[ToolCall]] = lambda _body: ()
    """Finds the tool calls that a request makes itself."""
    mend: Callable[[Json, Json], Json] = lambda _, after: after
    """Gives out of a body, before and after it was masked, one that the API takes."""


class _Place(NamedTuple):
    """A tuple, because one is made for each text."""

    shape: Shape
    role: Role
    pointer: str = ""
    tool: str = ""
    free: bool = False
    in_blob: bool = False

    def below(self, shape: Shape, step: str | int, role: Role | None = None) -> _Place:
        pointer = self.pointer
        if len(pointer) < _LONGEST:
            pointer = f"{pointer}/{_token(step) if isinstance(step, str) else step}"
        free = self.free or shape.kind is ValueKind.FREE
        blob = self.shape.kind is ValueKind.BLOB
        return _Place(shape, role or self.role, pointer, self.tool, free, blob)


def _token(step: str) -> str:
    """Return a member's name as a JSON Pointer spells it (RFC 6901)."""
    token = step[:_LONGEST]
    if "~" in token or "/" in token:
        return token.replace("~", "~0").replace("/", "~1")
    return token


def read(table: RequestTable, body: Json) -> Prompt:
    """Find every text of a request, in the order of the body."""
    segments: list[Segment] = []

    def collect(segment: Segment) -> str:
        segments.append(segment)
        return segment.text

    walk = _Walk(table, collect)
    walk.start(body)
    recalled = body if isinstance(body, dict) else {}
    hidden = [name for name in table.hidden if recalled.get(name)]
    return Prompt(
        segments=tuple(segments),
        model=_model(body, table.model),
        streamed=_streamed(table, body),
        calls=tuple(table.calls(body)),
        uninspected=(*walk.uninspected, *(f"/{name}" for name in hidden)),
        attachments=(
            *(Attachment(_digest([name, recalled[name]]), Role.OTHER, 0) for name in hidden),
            *(Attachment(_digest(part.value), part.role, part.at) for part in walk.parts),
        ),
    )


def rewrite(table: RequestTable, body: Json, mask: Callable[[str], str]) -> Json:
    """Return a copy with `mask` applied to every text that `read` finds."""
    return table.mend(body, _Walk(table, lambda segment: mask(segment.text)).start(body))


@dataclass(frozen=True, slots=True)
class _Part:
    """A value that no rule can read, and how many segments stand before its end."""

    value: Json
    role: Role
    at: int


class _Walk:
    def __init__(self, table: RequestTable, each: Each) -> None:
        self._table = table
        self._each = each
        self._tools: dict[str, str] = {}  # name of the tool that an earlier call named, by id
        self._opener = nature.Opener()
        self._read = 0  # encoded texts so far
        self._dark = 0  # values so far that hold what no rule can read
        self._segments = 0  # so far
        self.uninspected: dict[str, None] = {}
        self.parts: list[_Part] = []

    def start(self, body: Json) -> Json:
        shape = self._table.shape
        return self._value(body, _Place(shape, Role.OTHER, free=shape.kind is ValueKind.FREE))

    def _value(self, value: Json, place: _Place) -> Json:
        if place.shape.kind is ValueKind.BLOB and value and not place.in_blob:
            return self._file(value, place)
        return self._walked(value, place)

    def _file(self, value: Json, place: _Place) -> Json:
        """Count a file, unless it is nothing but text that was read."""
        read, dark = self._read, self._dark
        out = self._walked(value, place)
        if self._read == read or self._dark > dark:
            self._note(value, place)
        return out

    def _note(self, value: Json, place: _Place) -> None:
        """Keep a value that no rule can read."""
        self.uninspected[place.pointer] = None
        self.parts.append(_Part(value, place.role, self._segments))

    def _walked(self, value: Json, place: _Place) -> Json:
        if isinstance(value, str):
            return self._string(value, place)
        if isinstance(value, dict):
            return self._object(value, place)
        if isinstance(value, list):
            return self._list(value, place)
        return value

    def _object(self, value: dict[str, Json], place: _Place) -> Json:
        if not place.free:
            place = self._spoken(value, place)
        out: dict[str, Json] = {}
        fields, other = place.shape.fields, place.shape.other
        for name, child in value.items():
            shape = fields.get(name, other)
            fixed = not place.free and _IDENTIFIER.fullmatch(name) is not None
            if fixed and _says_nothing(name, child, shape):
                out[free_name(name, out)] = child
                continue
            below = place.below(shape, name, self._role_under(name, place))
            # A member's name is a text too, where the caller chooses it.
            masked = name if fixed else self._segment(name, below)
            out[free_name(masked, out)] = self._value(child, below)
        return out

    def _list(self, value: list[Json], place: _Place) -> Json:
        below = place.shape.items
        if below.kind is ValueKind.TEXT and value and all(isinstance(item, int) for item in value):
            self._note(value, place)  # token ids in place of words
        return [self._value(item, place.below(below, at)) for at, item in enumerate(value)]

    def _string(self, text: str, place: _Place) -> str:
        if not text:
            return text
        if place.shape.kind in _JSON_TEXTS:
            return mask_json_text(text, lambda part: self._segment(part, place))
        at_place = place.shape.kind in _ENCODED
        if at_place or text.startswith("data:") or len(text) >= _FEWEST:
            return self._encoded(text, place, at_place=at_place)
        return self._segment(text, place)

    def _encoded(self, text: str, place: _Place, *, at_place: bool) -> str:
        """Read what is encoded, pass what is opaque, and count what no rule can read."""
        found = nature.encoded(text)
        if found is None:
            return self._segment(text, place)
        content = self._opener.content(found)
        in_file = place.in_blob or place.shape.kind is ValueKind.BLOB
        if content is not None and (at_place or found.before):
            self._read += 1
            self._dark += content.is_packed
            if content.is_packed and not in_file:
                self._note(text, place)
            return content.masked(lambda part: self._segment(part, place))
        if content is not None:
            return self._segment(text, place)
        self._dark += 1
        if not in_file and place.shape.kind is not ValueKind.KEEP:
            self._note(text, place)
        return text if at_place or found.before else self._segment(text, place)

    def _segment(self, text: str, place: _Place) -> str:
        if not text:
            return text
        self._segments += 1
        return self._each(Segment(text, place.role, place.pointer, place.tool))

    def _role_under(self, name: str, place: _Place) -> Role | None:
        if place.free:
            return None
        return self._table.types.get(name) if place.pointer else self._table.roles.get(name)

    def _spoken(self, value: dict[str, Json], place: _Place) -> _Place:
        """Take over who speaks in this object, and through which tool."""
        if not place.pointer:
            return place
        role = ROLES.get(str(value.get("role"))) or self._table.types.get(str(value.get("type")))
        if place.role is Role.SYSTEM:
            role = None  # Gemini CLI says of its system text that a user speaks.
        tool = self._tool(value) or place.tool
        if role is None and tool == place.tool:
            return place
        return place._replace(role=role or place.role, tool=tool)

    def _tool(self, value: dict[str, Json]) -> str:
        function = value.get("function") or value.get("custom")
        name = function.get("name") if isinstance(function, dict) else value.get("name")
        if not isinstance(name, str):
            return self._named_before(value) if self._tools else ""
        for key in _CALL_IDS:
            if isinstance(call := value.get(key), str):
                self._tools[call] = name
        return name

    def _named_before(self, value: dict[str, Json]) -> str:
        """Return the tool whose result this is."""
        known = (self._tools.get(str(value.get(key))) for key in _RESULT_IDS)
        return next(filter(None, known), "")


def _says_nothing(name: str, child: Json, shape: Shape) -> bool:
    """Tell a number and the protocol's own words from what may hold text."""
    if isinstance(child, str):
        return name in {"role", "type"} and _is_protocol(child)
    return not isinstance(child, (dict, list)) and shape.kind is not ValueKind.BLOB


def _digest(value: Json) -> str:
    return hashlib.sha256(strict_json.dump(value)).hexdigest()


def _is_protocol(value: Json) -> bool:
    return isinstance(value, str) and _IDENTIFIER.fullmatch(value) is not None


def _streamed(table: RequestTable, body: Json) -> bool:
    if table.streamed is not None:
        return table.streamed
    return isinstance(body, dict) and body.get("stream") is True


def _model(body: Json, path: tuple[str, ...]) -> str:
    value: Json = body if isinstance(body, dict) else None
    for step in path:
        value = value.get(step) if isinstance(value, dict) else value
    return value if isinstance(value, str) else ""
