"""Tool calls in the stream of an agent at Cursor, which runs them itself.

Each call is told when it begins and again when it has ended, with its result. Nothing is kept back
but until the rules have looked at it: what has run cannot be held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.tool_call import ToolCall
from app.wire import strict_json
from app.wire.answer import sse
from app.wire.calls.document import DocumentForm
from app.wire.calls.stream import StreamReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.calls.events import StreamEvent, Stretch

_CALL = "tool_call"


class CursorStream(StreamReader):
    markers = (b"tool_call",)

    def __init__(self, wanted: Callable[[str], bool], *, limit: int, alive: bytes) -> None:
        super().__init__(wanted, limit=limit, alive=alive)
        self._seen: set[ToolCall] = set()

    def read(self, event: StreamEvent) -> None:
        call = _call(event)
        if call is None or call in self._seen or not self.wanted(call.tool):
            return self.put(event)
        self._seen.add(call)
        stretch = self.keep(event)
        stretch.whole = True
        return self.found(stretch, call)

    def write(self, stretch: Stretch) -> bytes:
        return b"".join(event.sse.raw for event in stretch.events)

    def said(self, _text: str) -> bytes:
        return b""

    def stopped(self, text: str) -> bytes:
        error = strict_json.dump({"code": "stopped", "message": text})
        return sse.encode(error, event="error") + sse.encode("{}", event="done")


def _call(event: StreamEvent) -> ToolCall | None:
    value = event.value
    if _CALL not in {event.sse.event, event.kind} or not isinstance(value.get("name"), str):
        return None
    arguments = strict_json.dump(value.get("args", {})).decode()
    call_id = value.get("callId")
    return ToolCall(
        tool=str(value["name"]),
        arguments=arguments,
        call_id=call_id if isinstance(call_id, str) else "",
        by_provider=True,
    )


DOCUMENT = DocumentForm(
    markers=(),
    calls=lambda _: [],
    ruled=lambda document, _: document,
    stopped=lambda document, _: document,
)
"""What Cursor answers as one document makes no calls."""
