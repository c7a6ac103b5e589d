"""Calls that an agent at Cursor makes are seen as they begin, and nothing of the stream changes."""

from __future__ import annotations

import json

import pytest

from app.wire.calls.base import Passed
from app.wire.calls.choose import reader_for
from app.wire.registry import wire_for

WIRE = wire_for("cursor", "/v1/agents/bc-1/runs/run-1/stream")
CALL = {"callId": "call-1", "name": "shell", "args": {"command": "rm -rf x"}}
EVENTS = [
    ("status", {"runId": "run-1", "status": "RUNNING"}),
    ("assistant", {"text": "I call a tool_call now."}),
    ("tool_call", {**CALL, "status": "running"}),
    ("tool_call", {**CALL, "status": "completed", "result": {"success": {}}}),
    ("tool_call", {**CALL, "callId": "call-2", "name": "read", "status": "running"}),
    ("result", {"runId": "run-1", "status": "FINISHED", "text": "Done."}),
    ("done", {}),
]
STREAM = b"".join(
    f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()
    for number, (name, data) in enumerate(EVENTS)
)


@pytest.mark.parametrize("size", [1, 7, 64, len(STREAM)])
def test_a_call_is_seen_once_and_all_goes_on_as_it_came(size: int) -> None:
    reader = reader_for(WIRE, "text/event-stream", "shell".__eq__, limit=10_000, alive=b"")
    assert reader is not None
    out = b""
    for at in range(0, len(STREAM), size):
        reader.feed(STREAM[at : at + size])
        out += reader.flow()
        if reader.calls and not out.count(b"rm -rf"):
            assert b"tool_call\n" not in out, "what a rule looks at waits until it has"
            reader.rule(0, Passed())
            out += reader.flow()
    reader.finish()
    out += reader.flow()
    [call] = reader.calls
    assert (call.tool, json.loads(call.arguments)) == ("shell", CALL["args"])
    assert call.by_provider
    assert out == STREAM
