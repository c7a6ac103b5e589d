"""What is read out of recorded answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.record.session import Chunk, Decision, RecordedAnswer, RecordedCall
from app.domain.tool_call import ToolCall
from app.wire.apis.mcp import MCP
from app.wire.apis.openai_chat import CHAT
from cli.policy.recorded_calls import RecordedCalls, recorded_calls
from policies.rehearse import PastCall

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


def recorded(tool: str, arguments: str, decision: Decision, **more: Any) -> RecordedCall:  # noqa: ANN401 - fields of the record
    return RecordedCall(tool, arguments, decision, ("one",), **more)


def test_calls_are_read_out_of_an_answer_in_pieces() -> None:
    chunks = (Chunk(0, 0, BODY[:40]), Chunk(1, 5, BODY[40:]), Chunk(2, 9, b"kept", withheld=True))
    found = recorded_calls(CHAT, ANSWER, chunks)
    assert found.calls == (PastCall(ToolCall("Bash", '{"command": "ls"}', "c1")),)


def test_calls_that_a_rule_looked_at_are_as_the_model_made_them() -> None:
    denied = recorded("Bash", '{"command":"rm x"}', Decision.DENIED)
    changed = recorded("Bash", '{"command":"la"}', Decision.APPROVED, changed='{"command": "ls"}')
    searched = recorded("web_search", "{}", Decision.ALLOWED, by_provider=True)
    answer = replace(ANSWER, calls=(denied, changed, searched))
    found = recorded_calls(CHAT, answer, (Chunk(0, 0, BODY),))
    assert found.calls == (
        PastCall(ToolCall("Bash", '{"command":"rm x"}'), frozenset({"one"})),
        PastCall(ToolCall("Bash", '{"command":"la"}'), frozenset({"one"})),
        PastCall(ToolCall("web_search", "{}", by_provider=True), frozenset({"one"})),
    )


def test_calls_of_tools_that_no_rule_looked_at_are_beside_them() -> None:
    answer = replace(ANSWER, calls=(recorded("Write", "{}", Decision.DENIED),))
    found = recorded_calls(CHAT, answer, (Chunk(0, 0, BODY),))
    assert [past.call.tool for past in found.calls] == ["Write", "Bash"]


@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "cut"])
def test_a_call_of_which_not_all_was_kept_is_not_read(*, is_cut: bool) -> None:
    call = recorded("Write", "{}", Decision.ALLOWED, is_cut=is_cut)
    found = recorded_calls(CHAT, replace(ANSWER, calls=(call,)), ())
    assert (len(found.calls), found.unread) == ((0, 1) if is_cut else (1, 0))


def test_there_are_none_without_an_answer_or_in_a_wire_that_has_none() -> None:
    assert recorded_calls(CHAT, None, ()) == RecordedCalls()
    assert recorded_calls(MCP, ANSWER, (Chunk(0, 0, BODY),)) == RecordedCalls()
