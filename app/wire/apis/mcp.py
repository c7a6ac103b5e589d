"""The Model Context Protocol over HTTP: JSON-RPC messages, alone, in a list or in a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.segment import Role
from app.domain.tool_call import ToolCall
from app.wire import strict_json
from app.wire.answer import sse
from app.wire.answer.events import EVERYTHING, AnswerTable, StreamTable
from app.wire.json_paths import ValueKind, shape, whole
from app.wire.request.prompts import RequestTable
from app.wire.table import ErrorTable, TableFormat, message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.wire.answer.events import Event, Key
    from app.wire.base import Json, Refusal


def _calls(body: Json) -> Iterator[ToolCall]:
    """Yield each call of a tool, in the order of the messages."""
    for asked in body if isinstance(body, list) else [body]:
        if not isinstance(asked, dict) or asked.get("method") != "tools/call":
            continue
        params = asked.get("params")
        given = params if isinstance(params, dict) else {}
        name, arguments = given.get("name"), given.get("arguments", {})
        yield ToolCall(
            name if isinstance(name, str) else strict_json.dump(name).decode(),
            strict_json.dump(arguments).decode(),
            str(asked.get("id", "")),
        )


REQUEST = RequestTable(
    shape=shape(
        {
            "params.arguments": ValueKind.FREE,
            "result": ValueKind.FREE,
            "result.content[].data": ValueKind.BLOB,
            "[].params.arguments": ValueKind.FREE,
            "[].result": ValueKind.FREE,
            "[].result.content[].data": ValueKind.BLOB,
        }
    ),
    roles={"params": Role.TOOL, "result": Role.TOOL},
    model=(),
    streamed=False,
    calls=_calls,
)


def _ends(_name: str, event: Event) -> Iterable[Key]:
    return EVERYTHING if "result" in event or "error" in event else ()


_CONTENT: dict[str, ValueKind | tuple[ValueKind, str]] = {
    "result.content[].data": ValueKind.BLOB,
}
_COMPLETE = ("error", "id", "jsonrpc", "method", "params", "result")
_OF_A_NOTICE = (
    *("_meta", "data", "level", "logger", "message", "progress", "progressToken", "reason"),
    *("requestId", "total", "uri"),
)

# Each message is complete; what no specification names may go on in the next one.
ANSWER = AnswerTable(
    stream=StreamTable(
        shape=shape(
            {**_CONTENT, **whole("", _COMPLETE), **whole("params.", _OF_A_NOTICE)},
        ),
        ends=_ends,
        identity=("method",),
    ),
    document=shape(_CONTENT),
)

_REFUSED = -32001  # of the range that JSON-RPC leaves to servers


def _body(refusal: Refusal) -> bytes:
    errors = _errors(refusal)
    return strict_json.dump(errors[0] if len(errors) == 1 else errors)


def _in_stream(refusal: Refusal) -> bytes:
    events = (strict_json.dump(error) for error in _errors(refusal))
    return b"".join(sse.encode(event, event="message") for event in events)


def _errors(refusal: Refusal) -> list[Json]:
    """Return an answer for each call; for a body that names none, one with a null id."""
    data: Json = {"code": refusal.code, "session": refusal.session_id or None}
    error: Json = {"code": _REFUSED, "message": message(refusal), "data": data}
    calls = refusal.calls or (None,)
    return [{"jsonrpc": "2.0", "id": call, "error": error} for call in calls]


MCP = TableFormat("mcp", REQUEST, ANSWER, ErrorTable(_body, _in_stream))
