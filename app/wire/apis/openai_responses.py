"""OpenAI Responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.segment import Role
from app.wire import reading, strict_json
from app.wire.answer import sse
from app.wire.answer.events import EVERYTHING, AnswerTable, StreamTable, kind_of
from app.wire.apis import openai_error
from app.wire.json_paths import ValueKind, shape, whole
from app.wire.reading import TextKind, TextPiece
from app.wire.request.prompts import RequestTable
from app.wire.table import STREAMING, ErrorTable, TableFormat, message
from app.wire.waiting import responses as waiting
from app.wire.waiting.line import LineFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.wire.answer.events import Event, Key
    from app.wire.base import Json, Refusal

_CALLS = (
    "computer_call",
    "custom_tool_call",
    "function_call",
    "local_shell_call",
    "mcp_call",
    "reasoning",
    "shell_call",
    "apply_patch_call",
)

REQUEST = RequestTable(
    shape=shape(
        {
            "input[].content[].image_url": ValueKind.BLOB,
            "input[].content[].file_data": ValueKind.BLOB,
            "input[].content[].file_id": ValueKind.BLOB,
            "input[].content[].file_url": ValueKind.BLOB,
            "input[].content[].input_audio": ValueKind.BLOB,
            "input[].output[].image_url": ValueKind.BLOB,
            "input[].output[].file_data": ValueKind.BLOB,
            "input[].output.image_url": ValueKind.BLOB,
            "input[].result": ValueKind.BLOB,
            "input[].arguments": ValueKind.JSON,
            "tools[].parameters": ValueKind.FREE,
            "text.format.schema": ValueKind.FREE,
            "prompt.variables": ValueKind.FREE,
            "metadata": ValueKind.FREE,
        }
    ),
    roles={
        "instructions": Role.SYSTEM,
        "input": Role.USER,
        "prompt": Role.USER,
        "tools": Role.SYSTEM,
    },
    types={
        **dict.fromkeys(_CALLS, Role.ASSISTANT),
        **{f"{call}_output": Role.TOOL for call in _CALLS},
    },
    hidden=("previous_response_id", "conversation", "prompt"),
    without_lines=waiting.without_lines,
)

_IDS = ("output_index", "content_index", "summary_index")
_ENDING = frozenset(
    {"response.completed", "response.failed", "response.incomplete", "response.cancelled", "error"}
)


def _ends(name: str, event: Event) -> Iterable[Key]:
    kind = kind_of(name, event)
    if kind in _ENDING:
        return EVERYTHING
    if kind == "response.output_item.done":
        return [(event.get("output_index"),)]
    if kind == "response.content_part.done":
        return [(event.get("output_index"), event.get("content_index"))]
    if kind.endswith(".done"):
        delta = kind.removesuffix(".done") + ".delta"
        return [(*(event.get(member) for member in _IDS), delta)]
    return ()


# Members of events that are complete in themselves; those of `.done` events repeat all deltas.
_COMPLETE = (
    *("annotation", "code", "error", "input", "item", "item_id", "message", "obfuscation", "part"),
    *("param", "refusal", "response", "sequence_number", "text", "transcript", "type"),
    *("action", "background", "diff", "name", "output", "output_format", "quality", "result"),
    *("results", "size", *_IDS),
)

ANSWER = AnswerTable(
    stream=StreamTable(
        shape=shape(
            {
                **whole("", _COMPLETE),
                # Any delta that is a string continues a text, also of types yet to come.
                "delta": (ValueKind.TEXT, "delta"),
                "logprobs": ValueKind.DROP,
                "arguments": ValueKind.JSON,
                "item.arguments": ValueKind.JSON,
                "item.content[].logprobs": ValueKind.DROP,
                "item.result": ValueKind.BLOB,
                "part.logprobs": ValueKind.DROP,
                "response.output[].arguments": ValueKind.JSON,
                "response.output[].result": ValueKind.BLOB,
                "response.output[].content[].logprobs": ValueKind.DROP,
            }
        ),
        ends=_ends,
        identity=(*_IDS, "type"),
        arguments="_arguments.delta",
    ),
    document=shape(
        {
            "output[].arguments": ValueKind.JSON,
            "output[].content[].logprobs": ValueKind.DROP,
            "output[].result": ValueKind.BLOB,
        }
    ),
)


def _in_stream(refusal: Refusal) -> bytes:
    """Both events: some clients raise on the first, some wait for the second."""
    error = openai_error.error(refusal)
    failed: Json = {
        "id": refusal.session_id or "resp_refused",
        "object": "response",
        "created_at": 0,
        "model": "",
        "status": "failed",
        "error": {"code": refusal.code, "message": message(refusal)},
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": [],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
    }
    events: tuple[tuple[str, dict[str, Json]], ...] = (
        ("error", {"error": error, "sequence_number": 0}),
        ("response.failed", {"response": failed, "sequence_number": 1}),
    )
    return b"".join(
        sse.encode(strict_json.dump({"type": kind, **event}), event=kind) for kind, event in events
    )


NO_NEWS = sse.encode(strict_json.dump({"type": "keepalive"}), event="keepalive")
"""An event that changes nothing, for who does not take comments for a sign of life."""

LINE = LineFormat(waiting.opening, waiting.Continuation)

RESPONSES = TableFormat(
    "openai_responses",
    REQUEST,
    ANSWER,
    ErrorTable(openai_error.ERRORS.body, _in_stream),
    STREAMING,
)


def _said_in_event(_name: str, data: dict[str, Json]) -> Iterator[TextPiece]:
    kind = str(data["type"])
    key = (data.get("item_id"), data.get("output_index"), data.get("content_index"))
    item = data.get("item")
    if kind == "response.output_item.added" and isinstance(item, dict):
        name = item.get("name")
        if isinstance(name, str):
            yield TextPiece(
                (item.get("id"), data.get("output_index"), None),
                TextKind.TOOL_CALL,
                "",
                name,
            )
    elif kind.endswith(".delta"):
        # Closing events say it all again: only deltas count.
        yield from reading.text(key, data.get("delta"), _kind_of_text(kind))
    elif kind == "response.failed":
        response = data.get("response")
        yield reading.error(response.get("error") if isinstance(response, dict) else None)


def _kind_of_text(kind: str) -> TextKind:
    if "reasoning" in kind:
        return TextKind.THINKING
    return TextKind.TEXT if "text" in kind or "refusal" in kind else TextKind.TOOL_CALL


def _said(outputs: Json) -> Iterator[TextPiece]:
    for item, output in enumerate(reading.objects(outputs)):
        yield from _output(item, output)


def _output(item: int, output: dict[str, Json]) -> Iterator[TextPiece]:
    name = output.get("name")
    if isinstance(name, str):
        given = output.get("arguments", output.get("input"))
        yield TextPiece((item,), TextKind.TOOL_CALL, reading.spelt(given), name)
    for order, summary in enumerate(reading.objects(output.get("summary"))):
        yield from reading.text((item, "summary", order), summary.get("text"), TextKind.THINKING)
    for order, content in enumerate(reading.objects(output.get("content"))):
        for field in ("text", "refusal"):
            yield from reading.text((item, order, field), content.get(field))


READING = reading.AnswerReading(
    lambda _, data: str(data.get("type")).startswith("response."),
    _said_in_event,
    "output",
    _said,
)
