"""What a hook sends is known to the last member, or it is refused with what to send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.hook import HookEvent, HookTool
from app.errors import BadRequest
from proxy.evaluate.evaluation import MOST_DEPTH, read_evaluation

CALL: dict[str, Any] = {
    "tool": "cursor",
    "event": "tool_call",
    "name": "Shell",
    "arguments": {"command": "ls"},
}
PROMPT: dict[str, Any] = {"tool": "codex", "event": "prompt", "prompt": "hello"}


def body(asked: object) -> bytes:
    return json.dumps(asked).encode()


def test_a_question_is_read_with_all_that_it_says() -> None:
    more = {"connection": "editor", "conversation": "one", "turn": "two", "call_id": "three"}
    asked = read_evaluation(body(CALL | more | {"folder": "/srv", "patience": 1.5}))
    assert (asked.tool, asked.event, asked.name) == (HookTool.CURSOR, HookEvent.TOOL_CALL, "Shell")
    assert asked.arguments == '{"command":"ls"}'
    assert (asked.connection, asked.conversation, asked.call_id) == ("editor", "one", "three")
    assert (asked.folder, asked.patience) == ("/srv", 1.5)


def test_numbers_in_arguments_stay_as_they_were_written() -> None:
    raw = b'{"tool":"cursor","event":"tool_call","name":"x","arguments":{"a":1e3,"b":0.10}}'
    assert read_evaluation(raw).arguments == '{"a":1e3,"b":0.10}'


BAD = {
    "nothing": (b"", "valid JSON"),
    "no JSON": (b"hello", "valid JSON"),
    "a list": (body([CALL]), "one JSON object"),
    "no tool": (body({**CALL, "tool": None}), "`tool` has to be one of: claude-code"),
    "another tool": (body({**CALL, "tool": "vim"}), "`tool` has to be one of: claude-code"),
    "another event": (body({**CALL, "event": "stop"}), "`event` has to be one of: prompt"),
    "no arguments": (body({**CALL, "arguments": None}), "`arguments` has to be an object"),
    "a missing member": (body({"tool": "codex", "event": "prompt"}), "needs the member `prompt`"),
    "a number": (body({**PROMPT, "prompt": 7}), "`prompt` has to be a string"),
    "what is not known": (body({**PROMPT, "prmpt": "x"}), "Send only these: tool, event, patience"),
    "another event's member": (body({**PROMPT, "content": "x"}), "does not belong to the event"),
    "a twin": (b'{"tool":"codex","event":"prompt","prompt":"a","prompt":"b"}', "twice"),
    "endless patience": (
        b'{"tool":"codex","event":"prompt","prompt":"","patience":1e999}',
        "number",
    ),
    "no patience": (body({**PROMPT, "patience": -1}), "`patience` has to be the seconds"),
    "true patience": (body({**PROMPT, "patience": True}), "`patience` has to be the seconds"),
    "a long name": (body({**CALL, "name": "x" * 5000}), "`name` is longer than 4,096"),
}


@pytest.mark.parametrize(("raw", "why"), BAD.values(), ids=BAD)
def test_what_cannot_be_judged_is_refused_with_what_to_send(raw: bytes, why: str) -> None:
    with pytest.raises(BadRequest, match=why.replace("(", r"\(")):
        read_evaluation(raw)


def test_what_nests_too_deep_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(MOST_DEPTH):
        deep = {"a": deep}
    with pytest.raises(BadRequest):
        read_evaluation(body({**CALL, "arguments": deep}))
