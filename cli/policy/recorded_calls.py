"""The tool calls of a recorded answer, as they are judged again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.record.session import sent
from app.domain.tool_call import ToolCall
from app.wire.apis.mcp import MCP
from app.wire.calls.choose import reader_for
from policies.rehearse import PastCall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.record.session import Chunk, RecordedAnswer, RecordedCall
    from app.wire.base import WireFormat

_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class RecordedCalls:
    """The calls of one answer that can be judged; of `unread` not all arguments were kept."""

    calls: tuple[PastCall, ...] = ()
    unread: int = 0


def recorded_calls(
    wire: WireFormat, answer: RecordedAnswer | None, chunks: Iterable[Chunk]
) -> RecordedCalls:
    """Return all calls of an answer. Raises AbeyanceError where they cannot be read.

    Those that a rule looked at are in the record, though they were denied; the others are read out
    of what went to the client. A rule looks at all calls of a tool or at none.
    """
    if answer is None or wire.name == MCP.name:  # whose requests are the calls
        return RecordedCalls()
    looked_at = {call.tool for call in answer.calls}
    others = (call for call in _sent(wire, answer, chunks) if call.tool not in looked_at)
    whole = (_past(call) for call in answer.calls if not call.is_cut)
    return RecordedCalls(
        calls=(*whole, *map(PastCall, others)),
        unread=sum(call.is_cut for call in answer.calls),
    )


def _past(call: RecordedCall) -> PastCall:
    made = ToolCall(call.tool, call.arguments, by_provider=call.by_provider)
    return PastCall(made, frozenset(call.rules))


def _sent(
    wire: WireFormat, answer: RecordedAnswer, chunks: Iterable[Chunk]
) -> tuple[ToolCall, ...]:
    """Return the calls that went to the client."""
    label = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
    reader = reader_for(wire, label, lambda _tool: True, limit=_LARGEST, alive=b"")
    if reader is None:
        return ()
    reader.feed(sent(chunks))
    reader.finish()
    return reader.calls
