"""What is read out of recorded answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from app.domain.session import Chunk, RecordedAnswer
from app.domain.tool_call import ToolCall
from app.wire.apis.mcp import MCP
from app.wire.apis.openai_chat import CHAT
from cli.recorded_calls import recorded_calls

CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "Bash", "arguments": '{"command": "ls"}'},
}
BODY = json.dumps(
    {"choices": [{"index": 0, "message": {"role": "assistant", "tool_calls": [CALL]}}]}
).encode()
ANSWER = RecordedAnswer(
    200, (("Content-Type", "application/json"),), datetime(2026, 1, 1, tzinfo=UTC)
)


def test_calls_are_read_out_of_an_answer_in_pieces() -> None:
    chunks = (Chunk(0, 0, BODY[:40]), Chunk(1, 5, BODY[40:]), Chunk(2, 9, b"kept", withheld=True))
    found = recorded_calls(CHAT, ANSWER, chunks)
    assert found == (ToolCall("Bash", '{"command": "ls"}', "c1"),)


def test_there_are_none_without_an_answer_or_in_a_wire_that_has_none() -> None:
    assert recorded_calls(CHAT, None, ()) == ()
    assert recorded_calls(MCP, ANSWER, (Chunk(0, 0, BODY),)) == ()
