"""The tool calls in a recorded answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.calls.choose import reader_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.session import Chunk, RecordedAnswer
    from app.domain.tool_call import ToolCall
    from app.wire.base import WireFormat

_LARGEST = 64 << 20


def recorded_calls(
    wire: WireFormat, answer: RecordedAnswer | None, chunks: Iterable[Chunk]
) -> tuple[ToolCall, ...]:
    """Return all calls that went to the client. Raises AbeyanceError where they cannot be read."""
    if answer is None:
        return ()
    label = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
    reader = reader_for(wire, label, lambda _tool: True, limit=_LARGEST, alive=b"")
    if reader is None:
        return ()
    reader.feed(b"".join(chunk.data for chunk in chunks if not chunk.withheld))
    reader.finish()
    return reader.calls
