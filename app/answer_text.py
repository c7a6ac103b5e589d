"""Finds what was said in an answer, by the shape of its events or of its JSON. For reading only.

Masking has its own, strict readers in `app.wire`. This one is lenient: it shows a person what a
recorded answer says, and what it does not know it shows as it came.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.wire.base import Json


class TextKind(StrEnum):
    """What sort of saying a text is."""

    TEXT = "text"
    THINKING = "thinking"
    TOOL_CALL = "tool call"
    ERROR = "error"


class Piece(NamedTuple):
    """A stretch of one text; pieces with the same `key` continue each other."""

    key: tuple[object, ...]
    kind: TextKind
    text: str
    tool: str = ""


def of_event(name: str, data: Json) -> Iterator[Piece]:
    """Find the pieces of one server-sent event."""
    if not isinstance(data, dict):
        return
    kind = data.get("type")
    if data.get("error"):
        yield _error(data["error"])
    elif isinstance(data.get("choices"), list):
        yield from _choices(data["choices"], "delta")
    elif kind in ("content_block_start", "content_block_delta"):
        yield from _anthropic(data)
    elif isinstance(kind, str) and kind.startswith("response."):
        yield from _responses(kind, data)
    elif name == "error":
        yield _error(data)
    elif name in _CURSOR:
        yield from _cursor(name, data)
    elif isinstance(data.get("candidates"), list):
        yield from _gemini(data["candidates"])


def of_body(data: Json) -> Iterator[Piece]:
    """Find the pieces of an answer that is one JSON value; none where its shape is unknown."""
    if not isinstance(data, dict):
        return
    if data.get("error"):
        yield _error(data["error"])
        return
    for field, pieces in _BODIES.items():
        if isinstance(data.get(field), list):
            yield from pieces(data[field])
            return
    yield from _text(("result",), data.get("result"))


def _messages(messages: Json) -> Iterator[Piece]:
    for index, message in enumerate(_dicts(messages)):
        yield from _text(("message", index), message.get("text"))


def _blocks(content: Json) -> Iterator[Piece]:
    for index, block in enumerate(_dicts(content)):
        yield from _block(index, block)


def _outputs(outputs: Json) -> Iterator[Piece]:
    for item, output in enumerate(_dicts(outputs)):
        yield from _output(item, output)


def _choices(choices: Json, part: str = "message") -> Iterator[Piece]:
    for position, choice in enumerate(_dicts(choices)):
        index = choice.get("index", position)
        yield from _text((index, "text"), choice.get("text"))
        said = choice.get(part)
        if not isinstance(said, dict):
            continue
        for field in ("reasoning_content", "reasoning"):
            yield from _text((index, field), said.get(field), TextKind.THINKING)
        for field in ("content", "refusal"):
            yield from _text((index, field), said.get(field))
        for order, call in enumerate(_dicts(said.get("tool_calls"))):
            yield from _call((index, "call", call.get("index", order)), call.get("function"))
        yield from _call((index, "function"), said.get("function_call"))


def _call(key: tuple[object, ...], function: Json) -> Iterator[Piece]:
    if not isinstance(function, dict):
        return
    name, arguments = function.get("name"), function.get("arguments")
    tool = name if isinstance(name, str) else ""
    if tool or arguments:
        yield Piece(key, TextKind.TOOL_CALL, _spelt(arguments), tool)


def _anthropic(data: dict[str, Json]) -> Iterator[Piece]:
    index = data.get("index", 0)
    block, delta = data.get("content_block"), data.get("delta")
    if isinstance(block, dict):
        yield from _block(index, block)
    if isinstance(delta, dict):
        yield from _text((index,), delta.get("text"))
        yield from _text((index,), delta.get("thinking"), TextKind.THINKING)
        yield from _text((index,), delta.get("partial_json"), TextKind.TOOL_CALL)


def _block(index: Json, block: dict[str, Json]) -> Iterator[Piece]:
    name = block.get("name")
    if isinstance(name, str):
        # A stream opens the block with an empty input and sends the true one in deltas.
        given = _spelt(block["input"]) if block.get("input") else ""
        yield Piece((index,), TextKind.TOOL_CALL, given, name)
        return
    yield from _text((index,), block.get("thinking"), TextKind.THINKING)
    yield from _text((index,), block.get("text"))


def _responses(kind: str, data: dict[str, Json]) -> Iterator[Piece]:
    key = (data.get("item_id"), data.get("output_index"), data.get("content_index"))
    item = data.get("item")
    if kind == "response.output_item.added" and isinstance(item, dict):
        name = item.get("name")
        if isinstance(name, str):
            yield Piece(
                (item.get("id"), data.get("output_index"), None), TextKind.TOOL_CALL, "", name
            )
    elif kind.endswith(".delta"):
        # Closing events say it all again: only deltas count.
        yield from _text(key, data.get("delta"), _responses_kind(kind))
    elif kind == "response.failed":
        response = data.get("response")
        yield _error(response.get("error") if isinstance(response, dict) else None)


def _responses_kind(kind: str) -> TextKind:
    if "reasoning" in kind:
        return TextKind.THINKING
    return TextKind.TEXT if "text" in kind or "refusal" in kind else TextKind.TOOL_CALL


def _output(item: int, output: dict[str, Json]) -> Iterator[Piece]:
    name = output.get("name")
    if isinstance(name, str):
        given = output.get("arguments", output.get("input"))
        yield Piece((item,), TextKind.TOOL_CALL, _spelt(given), name)
    for order, summary in enumerate(_dicts(output.get("summary"))):
        yield from _text((item, "summary", order), summary.get("text"), TextKind.THINKING)
    for order, content in enumerate(_dicts(output.get("content"))):
        for field in ("text", "refusal"):
            yield from _text((item, order, field), content.get(field))


_CURSOR = frozenset({"assistant", "thinking", "tool_call", "result"})


def _cursor(name: str, data: dict[str, Json]) -> Iterator[Piece]:
    if name == "tool_call":
        tool = data.get("name")
        spelt = _spelt(data.get("args"))
        yield Piece(
            (name, data.get("id")), TextKind.TOOL_CALL, spelt, tool if isinstance(tool, str) else ""
        )
        return
    yield from _text(
        (name,), data.get("text"), TextKind.THINKING if name == "thinking" else TextKind.TEXT
    )


def _gemini(candidates: Json) -> Iterator[Piece]:
    for position, candidate in enumerate(_dicts(candidates)):
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in _dicts(parts):
            kind = TextKind.THINKING if part.get("thought") is True else TextKind.TEXT
            yield from _text((position, kind), part.get("text"), kind)
            called = part.get("functionCall")
            if isinstance(called, dict):
                name = called.get("name")
                tool = name if isinstance(name, str) else ""
                yield Piece((position, tool), TextKind.TOOL_CALL, _spelt(called.get("args")), tool)


def _text(key: tuple[object, ...], text: Json, kind: TextKind = TextKind.TEXT) -> Iterator[Piece]:
    if isinstance(text, str) and text:
        yield Piece(key, kind, text)


def _error(error: Json) -> Piece:
    message = error.get("message") if isinstance(error, dict) else error
    return Piece(("error",), TextKind.ERROR, message if isinstance(message, str) else _spelt(error))


def _dicts(values: Json) -> list[dict[str, Json]]:
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []


def _spelt(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_BODIES: dict[str, Callable[[Json], Iterator[Piece]]] = {
    "choices": _choices,
    "output": _outputs,
    "content": _blocks,
    "candidates": _gemini,
    "messages": _messages,
}
