"""A conversation over Bedrock's Converse goes on after its signed thinking was masked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.wire.registry import wire_for
from app.wire.request.body import parse_body
from app.wire.thinking import MASKED
from tests.app.wire.masking import MASK, SECRET, RealMasking, through, whole

PATH = "model/eu.anthropic.claude-sonnet-4-20250514-v1%3A0/converse"
SAID = {"text": "It is."}
CALL = {"toolUse": {"toolUseId": "t1", "name": "read", "input": {}}}
RESULT = {
    "role": "user",
    "content": [
        {"toolResult": {"toolUseId": "t1", "content": [{"text": "42"}]}},
        {"cachePoint": {"type": "default"}},
    ],
}
ASKED = {"role": "user", "content": [{"text": "go on"}]}
ENABLED = {"type": "enabled", "budget_tokens": 1024}
WIRES = [wire_for(name, PATH, {"messages"}) for name in ("auto", "plain")]


def thought(text: str, signature: str = "EqMB") -> dict[str, Any]:
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}


def received(*blocks: dict[str, Any]) -> list[Any]:
    """Return the blocks of an answer as its client gets them."""
    message = {"role": "assistant", "content": list(blocks)}
    raw = json.dumps({"output": {"message": message}, "stopReason": "end_turn"}).encode()
    answer = WIRES[0].answer("application/json", RealMasking())
    content: list[Any] = json.loads(through(answer, [raw]))["output"]["message"]["content"]
    return content


def sent(content: list[Any], *after: dict[str, Any], **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what goes upstream of the next request, in which the client sends all back."""
    body = {"messages": [ASKED, {"role": "assistant", "content": content}, *after], **members}
    for wire in WIRES:
        parsed = parse_body("application/json", json.dumps(body).encode()).mended(wire)
        out: dict[str, Any] = json.loads(parsed.rewritten(wire, whole))
    return out


def test_thinking_that_was_masked_is_left_out_of_the_next_turn() -> None:
    content = received(thought(f"see {SECRET}"), SAID)
    assert content == [thought(f"see {MASK}", MASKED), SAID]
    fields = {"thinking": ENABLED}
    out = sent(content, ASKED, additionalModelRequestFields=fields)
    assert out["messages"][1]["content"] == [SAID]
    assert out["additionalModelRequestFields"] == fields
    assert sent(content[:1], ASKED)["messages"][1]["content"] == [{"text": "[thinking left out]"}]


@pytest.mark.parametrize("setting", ["thinking", "reasoning_config"])
def test_a_turn_goes_on_without_thinking_where_it_would_have_to_begin_with_it(
    setting: str,
) -> None:
    redacted = {"reasoningContent": {"redactedContent": "////"}}
    content = received(redacted, thought("hm"), thought(f"see {SECRET}"), CALL)
    fields = {setting: ENABLED, "top_k": 5}
    out = sent(content, RESULT, additionalModelRequestFields=fields)
    assert out["messages"][1]["content"] == [CALL]
    assert out["messages"][2] == RESULT
    assert out["additionalModelRequestFields"] == {setting: {"type": "disabled"}, "top_k": 5}


def test_a_history_whose_thinking_has_to_be_masked_goes_out_without_it() -> None:
    out = sent([thought(f"see {SECRET}"), CALL], RESULT)
    assert out["messages"][1]["content"] == [CALL]


def test_thinking_that_was_not_masked_goes_back_as_it_came() -> None:
    content = received(thought("hm"), CALL, {"text": f"see {SECRET}"})
    assert content[:2] == [thought("hm"), CALL]
    out = sent(content, RESULT, additionalModelRequestFields={"thinking": ENABLED})
    assert out["messages"][1]["content"] == content
    assert out["additionalModelRequestFields"] == {"thinking": ENABLED}
