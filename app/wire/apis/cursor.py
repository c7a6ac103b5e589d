"""Cursor's Cloud Agents API, v0 and v1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.segment import Role
from app.wire import reading, strict_json
from app.wire.answer import sse
from app.wire.answer.events import EVERYTHING, AnswerTable, StreamTable, kind_of
from app.wire.json_paths import ValueKind, shape, whole
from app.wire.reading import TextKind, TextPiece
from app.wire.request.prompts import RequestTable
from app.wire.table import ErrorTable, TableFormat, message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.wire.answer.events import Event, Key
    from app.wire.base import Json, Refusal

REQUEST = RequestTable(
    shape=shape(
        {
            "prompt.images": ValueKind.BLOB,
            "envVars": ValueKind.FREE,
            "mcpServers[].headers": ValueKind.FREE,
            "mcpServers[].env": ValueKind.FREE,
            "mcpServers[].auth": ValueKind.FREE,
        }
    ),
    roles={"prompt": Role.USER, "name": Role.USER, "customSubagents": Role.SYSTEM},
    model=("model", "id"),
)

_COMPLETE = (
    *("agent", "agentId", "args", "callId", "code", "createdAt", "durationMs", "error", "git"),
    *("id", "input", "message", "model", "name", "params", "result", "run", "runId", "status"),
    *("summary", "toolCall", "tool_call", "truncated", "type", "update", "updatedAt", "usage"),
)

_ENDING = frozenset({"result", "error", "done"})


def _ends(name: str, event: Event) -> Iterable[Key]:
    return EVERYTHING if (name or kind_of(name, event)) in _ENDING else ()


ANSWER = AnswerTable(
    stream=StreamTable(
        shape=shape(
            {
                # A tool call carries whole files, and a result repeats everything.
                **whole("", _COMPLETE),
                **whole("update.", _COMPLETE),
                # While a tool is being called, its arguments grow from one update to the next.
                **whole("update.toolCall.", ("callId", "id", "name", "status", "type")),
                "text": ValueKind.TEXT,
                "delta": ValueKind.TEXT,
                "data": ValueKind.TEXT,
                "output": ValueKind.TEXT,
                "update.text": ValueKind.TEXT,
                "update.delta": ValueKind.TEXT,
            }
        ),
        ends=_ends,
        identity=("@event", "type"),
        marks=("type",),
    ),
    resumable=True,
)


def _body(refusal: Refusal) -> bytes:
    return strict_json.dump({"error": {"code": refusal.code, "message": message(refusal)}})


def _in_stream(refusal: Refusal) -> bytes:
    error = strict_json.dump({"code": refusal.code, "message": message(refusal)})
    return sse.encode(error, event="error") + sse.encode("{}", event="done")


CURSOR = TableFormat("cursor", REQUEST, ANSWER, ErrorTable(_body, _in_stream))


def _said_in_event(name: str, data: dict[str, Json]) -> Iterator[TextPiece]:
    if name == "tool_call":
        tool = data.get("name")
        name_of_tool = tool if isinstance(tool, str) else ""
        given = reading.spelt(data.get("args"))
        yield TextPiece((name, data.get("id")), TextKind.TOOL_CALL, given, name_of_tool)
        return
    kind = TextKind.THINKING if name == "thinking" else TextKind.TEXT
    yield from reading.text((name,), data.get("text"), kind)


def _said(messages: Json) -> Iterator[TextPiece]:
    for index, said in enumerate(reading.objects(messages)):
        yield from reading.text(("message", index), said.get("text"))


READING = reading.AnswerReading(
    lambda name, _: name in ("assistant", "thinking", "tool_call", "result"),
    _said_in_event,
    "messages",
    _said,
)
