"""Anthropic Messages. What becomes of its signed blocks stands in `thinking`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.segment import Role
from app.wire import reading, strict_json, thinking
from app.wire.answer import sse
from app.wire.answer.events import EVERYTHING, AnswerTable, Named, StreamTable, kind_of
from app.wire.json_paths import ValueKind, shape, whole
from app.wire.reading import TextKind, TextPiece
from app.wire.request.prompts import RequestTable
from app.wire.table import STREAMING, ErrorTable, TableFormat, message
from app.wire.waiting import anthropic as waiting
from app.wire.waiting.line import LineFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.wire.answer.events import Event, Key
    from app.wire.base import Json, Refusal

REQUEST = RequestTable(
    shape=shape(
        {
            "messages[].content[].source": ValueKind.BLOB,
            "messages[].content[].file_id": ValueKind.BLOB,
            "messages[].content[].input": ValueKind.FREE,
            "messages[].content[].data": ValueKind.KEEP,
            "messages[].content[].content[].source": ValueKind.BLOB,
            "system[].source": ValueKind.BLOB,
            "tools[].input_schema": ValueKind.FREE,
            "metadata": ValueKind.FREE,
        }
    ),
    roles={"system": Role.SYSTEM, "messages": Role.USER, "tools": Role.SYSTEM},
    types={
        "tool_use": Role.ASSISTANT,
        "server_tool_use": Role.ASSISTANT,
        "mcp_tool_use": Role.ASSISTANT,
        "tool_result": Role.TOOL,
        "mcp_tool_result": Role.TOOL,
        "web_search_tool_result": Role.TOOL,
        "web_fetch_tool_result": Role.TOOL,
        "search_result": Role.TOOL,
    },
    without_lines=waiting.without_lines,
    mend=thinking.mended,
)

_DELTAS = {"text": "text_delta", "thinking": "thinking_delta", "partial_json": "input_json_delta"}


def _ends(name: str, event: Event) -> Iterable[Key]:
    kind = kind_of(name, event)
    if signed := [key for key, _ in _signed(event)]:
        return signed
    if kind == "content_block_stop":
        return [(event.get("index"),)]
    return EVERYTHING if kind in {"message_delta", "message_stop", "error"} else ()


def _signed(event: Event) -> Iterable[tuple[Key, Event]]:
    for holder in (event.get("delta"), event.get("content_block")):
        if isinstance(holder, dict) and holder.get("signature"):
            yield (event.get("index"), "thinking"), holder


def _tail(last: Named, channel: str, text: str) -> Named | None:
    """A delta, even where the last piece came in the event that started the block."""
    if channel not in _DELTAS:
        return None
    delta: Json = {"type": _DELTAS[channel], channel: text}
    name = "content_block_delta"
    return Named(name, {"type": name, "index": last.value.get("index"), "delta": delta})


ANSWER = AnswerTable(
    stream=StreamTable(
        shape=shape(
            {
                **whole("", ("content_block", "error", "index", "message", "type", "usage")),
                **whole("", ("context_management", "request_id")),
                **whole("delta.", ("citation", "container", "stop_reason", "stop_sequence")),
                "delta.type": ValueKind.WHOLE,
                "delta.text": (ValueKind.TEXT, "text"),
                "delta.thinking": (ValueKind.TEXT, "thinking"),
                "delta.partial_json": (ValueKind.ARGUMENTS, "partial_json"),
                "content_block.text": (ValueKind.TEXT, "text"),
                "content_block.thinking": (ValueKind.TEXT, "thinking"),
                "content_block.data": ValueKind.KEEP,
            }
        ),
        ends=_ends,
        identity=("index",),
        tail=_tail,
        signed=_signed,
    ),
    document=shape(
        {
            "content[].signature": ValueKind.SIGNATURE,
            "content[].data": ValueKind.KEEP,
        }
    ),
)

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}


def _body(refusal: Refusal) -> bytes:
    return strict_json.dump(_error(refusal))


def _error(refusal: Refusal) -> Json:
    kind = _ERROR_TYPES.get(refusal.status, "api_error")
    error: Json = {"type": kind, "message": message(refusal), "code": refusal.code}
    return {"type": "error", "error": error, "request_id": refusal.session_id or None}


def _in_stream(refusal: Refusal) -> bytes:
    """The client overlooks an error that does not name its event."""
    return sse.encode(_body(refusal), event="error")


def _whole_stream(refusal: Refusal) -> bytes:
    """After an empty block: Claude Code and opencode retry an error that comes before one.

    What may pass by itself is left to be retried.
    """
    opening = map(_named, _OPENING) if refusal.final else ()
    return b"".join([*opening, _in_stream(refusal)])


def _named(event: dict[str, Json]) -> bytes:
    return sse.encode(strict_json.dump(event), event=str(event["type"]))


_OPENING: tuple[dict[str, Json], ...] = (
    {
        "type": "message_start",
        "message": {
            "id": "msg_refused",
            "type": "message",
            "role": "assistant",
            "model": "",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_stop", "index": 0},
)
NO_NEWS = _named(
    {
        "type": "message_delta",
        "delta": {"stop_reason": None, "stop_sequence": None},
        "usage": {"output_tokens": 0},
    }
)
"""An event that changes nothing, for who does not take comments or pings for a sign of life."""

LINE = LineFormat(waiting.opening, waiting.Continuation)

ANTHROPIC = TableFormat(
    "anthropic", REQUEST, ANSWER, ErrorTable(_body, _in_stream, _whole_stream), STREAMING
)


def _said_in_event(_name: str, data: dict[str, Json]) -> Iterator[TextPiece]:
    index = data.get("index", 0)
    block, delta = data.get("content_block"), data.get("delta")
    if isinstance(block, dict):
        yield from _block(index, block)
    if isinstance(delta, dict):
        yield from reading.text((index,), delta.get("text"))
        yield from reading.text((index,), delta.get("thinking"), TextKind.THINKING)
        yield from reading.text((index,), delta.get("partial_json"), TextKind.TOOL_CALL)


def _said(content: Json) -> Iterator[TextPiece]:
    for index, block in enumerate(reading.objects(content)):
        yield from _block(index, block)


def _block(index: Json, block: dict[str, Json]) -> Iterator[TextPiece]:
    name = block.get("name")
    if isinstance(name, str):
        # A stream opens the block with an empty input and sends the true one in deltas.
        given = reading.spelt(block["input"]) if block.get("input") else ""
        yield TextPiece((index,), TextKind.TOOL_CALL, given, name)
        return
    yield from reading.text((index,), block.get("thinking"), TextKind.THINKING)
    yield from reading.text((index,), block.get("text"))


READING = reading.AnswerReading(
    lambda _, data: data.get("type") in ("content_block_start", "content_block_delta"),
    _said_in_event,
    "content",
    _said,
)
