"""The chunks of a Gemini stream: the calls in them, and chunks cut to one call each.

A call stands whole in one part, or comes in pieces: its name first, then values of arguments, each
with the path at which it belongs, strings in pieces of their own.

    {"name": "run", "willContinue": true}
    {"partialArgs": [{"jsonPath": "$.cmd", "stringValue": "ls ", "willContinue": true}], "will…
    {"partialArgs": [{"jsonPath": "$.cmd", "stringValue": "-l"}], "willContinue": true}
    {}
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from app.wire.calls import gemini_parts
from app.wire.calls.events import Stretch
from app.wire.calls.stream import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.domain.tool_call import ToolCall
    from app.wire.base import Json

Object: TypeAlias = "dict[str, Json]"

_CALLS = ("functionCall", "function_call", "executableCode", "executable_code")
_CALL_MEMBERS = (*_CALLS, "toolCall", "tool_call")
_FUNCTIONS = _CALLS[:2]
_ENDS = ("finishReason", "finishMessage", "tokenCount", "avgLogprobs")
_STEP = re.compile(r"\.([^.\[\]'\"]+)|\[(\d{1,6})\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


@dataclass(slots=True, eq=False)
class GeminiCall:
    """One call of one candidate."""

    candidate: int
    name: str
    parts: list[Object] = field(default_factory=list)
    is_kept: bool = False
    whole: bool = False
    stretch: Stretch | None = None

    def tool_call(self) -> ToolCall:
        whole = gemini_parts.call_of(self.merged())
        if whole is None:
            raise unreadable("a tool call of an unknown form")
        return whole

    def merged(self) -> Object:
        """Return the part that says the whole call, with its id and signature."""
        if len(self.parts) == 1 and not is_piece(self.parts[0]):
            return self.parts[0]
        functions = [function_of(part) or {} for part in self.parts]
        signed: Object = {}
        merged: Object = {"name": self.name, "args": _joined(functions)}
        ids = [function["id"] for function in functions if function.get("id")]
        if ids:
            merged["id"] = ids[0]
        for part in self.parts:
            signed |= gemini_parts.signature_of(part)
        return {"functionCall": merged, **signed}


def function_of(part: Object) -> Object | None:
    """Return what a part says of a call of a function."""
    for name in _FUNCTIONS:
        if (value := part.get(name)) is not None:
            return value if isinstance(value, dict) else {}
    return None


def is_call(part: Object) -> bool:
    """Whether a part is a call or a piece of one. Raises for one that may be read in two ways."""
    found = [name for name in _CALL_MEMBERS if part.get(name) is not None]
    if len(found) > 1 or not all(isinstance(part[name], dict) for name in found):
        raise unreadable("a tool call of an unknown form")
    return bool(found)


def is_piece(part: Object) -> bool:
    """Whether a part by itself says that it is not all of a call."""
    function = function_of(part) or {}
    return bool(_either(function, "partialArgs") or _either(function, "willContinue"))


def goes_on(part: Object) -> bool:
    return bool(_either(function_of(part) or {}, "willContinue"))


def candidates_of(chunk: Object) -> list[Object]:
    candidates = chunk.get("candidates")
    if candidates is None:
        return []
    if not isinstance(candidates, list):
        raise unreadable("candidates that are no list")
    return [_object(candidate, "a candidate") for candidate in candidates]


def index_of(candidate: Object, position: int = 0) -> int:
    index = candidate.get("index", position)
    if isinstance(index, bool) or not isinstance(index, int):
        raise unreadable("a candidate without a number")
    return index


def parts_of(candidate: Object) -> list[Object]:
    content = candidate.get("content")
    if content is None:
        return []
    parts = _object(content, "a content").get("parts")
    if parts is None:
        return []
    if not isinstance(parts, list):
        raise unreadable("parts that are no list")
    return [_object(part, "a part") for part in parts]


def with_parts(candidate: Object, parts: Sequence[Object]) -> Object:
    content = candidate.get("content")
    content = content if isinstance(content, dict) else {"role": "model"}
    # The tokens of the text are those of a call as well.
    left = {name: value for name, value in candidate.items() if name != "logprobsResult"}
    return {**left, "content": {**content, "parts": [*parts]}}


def cut(
    chunk: Object, kept: Callable[[Object], GeminiCall | None]
) -> list[tuple[Object, GeminiCall | None]]:
    """Cut a chunk so that each part of a kept call has a chunk of its own.

    The end of a candidate goes with its last part, the usage with the last chunk. A chunk that
    needs no cut comes back as the same object.
    """
    groups: list[tuple[Object, GeminiCall | None]] = []
    for position, candidate in enumerate(candidates_of(chunk)):
        numbered: Object = {"index": index_of(candidate, position), **candidate}
        groups.extend(_groups(numbered, kept))
    if len(groups) == 1:
        return [(chunk, groups[0][1])]
    last = len(groups) - 1
    before = {name: value for name, value in chunk.items() if name != "usageMetadata"}
    return [
        ({**(chunk if at == last else before), "candidates": [candidate]}, call)
        for at, (candidate, call) in enumerate(groups)
    ]


def _groups(
    candidate: Object, kept: Callable[[Object], GeminiCall | None]
) -> list[tuple[Object, GeminiCall | None]]:
    runs: list[tuple[list[Object], GeminiCall | None]] = []
    for part in parts_of(candidate):
        call = kept(part)
        if call is None and runs and runs[-1][1] is None:
            runs[-1][0].append(part)
        else:
            runs.append(([part], call))
    if len(runs) < 2:
        return [(candidate, runs[0][1] if runs else None)]
    last = len(runs) - 1
    open_ = {name: value for name, value in candidate.items() if name not in _ENDS}
    return [
        (with_parts(candidate if at == last else open_, parts), call)
        for at, (parts, call) in enumerate(runs)
    ]


def _joined(functions: list[Object]) -> Json:
    """Put arguments together from their pieces."""
    root: Object = {}
    begun: set[str] = set()  # strings that go on
    for function in functions:
        if isinstance(whole := function.get("args"), dict):
            root |= whole
        pieces = _either(function, "partialArgs") or []
        if not isinstance(pieces, list):
            raise unreadable("a tool call whose pieces are no list")
        for piece in pieces:
            _put(root, _object(piece, "a piece of a tool call"), begun)
    return root


def _put(root: Object, piece: Object, begun: set[str]) -> None:
    path = _either(piece, "jsonPath")
    found = [name for name in _VALUES if _either(piece, name) is not None]
    if not isinstance(path, str) or len(found) > 1:
        raise unreadable("a piece of a tool call without a place or with two values")
    value = _either(piece, found[0]) if found else ""
    if found == ["nullValue"]:
        value = None
    steps = _steps(path)
    holder: Json = root
    for step, following in itertools.pairwise(steps):
        holder = _within(holder, step, [] if isinstance(following, int) else {})
    if path in begun:
        before = _within(holder, steps[-1], "")
        if not isinstance(before, str) or not isinstance(value, str):
            raise unreadable("a piece of a tool call that does not go on with the last")
        value = before + value
    _set(holder, steps[-1], value)
    (begun.add if _either(piece, "willContinue") else begun.discard)(path)


def _steps(path: str) -> list[str | int]:
    rest = path.removeprefix("$")
    steps: list[str | int] = []
    while rest:
        step = _STEP.match(rest)
        if step is None:
            break
        name = next(group for group in step.groups() if group is not None)
        steps.append(int(name) if step[2] is not None else name)
        rest = rest[step.end() :]
    if rest or not steps:
        raise unreadable("a piece of a tool call in an unknown place")
    return steps


def _within(holder: Json, step: str | int, empty: Json) -> Json:
    """Return what stands at a step, put there if nothing did."""
    if isinstance(holder, dict) and isinstance(step, str):
        return holder.setdefault(step, empty)
    if isinstance(holder, list) and isinstance(step, int) and step < len(holder):
        return holder[step]
    _set(holder, step, empty)
    return empty


def _set(holder: Json, step: str | int, value: Json) -> None:
    if isinstance(holder, dict) and isinstance(step, str):
        holder[step] = value
    elif isinstance(holder, list) and isinstance(step, int) and step <= len(holder):
        holder[step : step + 1] = [value]
    else:
        raise unreadable("a piece of a tool call in an impossible place")


def _either(value: Object, name: str) -> Json:
    """Return a member in either of the two spellings that Google's clients read."""
    found = value.get(name)
    return value.get(_SNAKE[name]) if found is None else found


_SNAKE = {
    name: re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
    for name in ("partialArgs", "willContinue", "jsonPath", *_VALUES)
}


def _object(value: Json, what: str) -> Object:
    if not isinstance(value, dict):
        raise unreadable(f"{what} that is no object")
    return value
