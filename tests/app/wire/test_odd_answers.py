"""Answers that no provider should send, and that break nothing and leak nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.wire.sse import SseParser
from tests.app.wire import streams
from tests.app.wire.masking import MASK, SECRET
from tests.app.wire.test_answers import (
    ANTHROPIC,
    CHAT,
    CURSOR,
    GEMINI,
    PLAIN,
    RESPONSES,
    SSE,
    masked,
)

if TYPE_CHECKING:
    from app.wire.base import Json, WireFormat


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "123456789012345678901234567890"])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson", SSE])
def test_a_number_that_json_or_python_does_not_have_breaks_no_answer(
    content_type: str, number: str
) -> None:
    frame = "data: %s\n\n" if content_type == SSE else "%s\n"
    clean, found = (
        (frame % f'{{"response": "{text}", "n": {number}}}').encode() for text in ("ok", SECRET)
    )
    assert masked(PLAIN, content_type, clean) == clean
    spelt = number if number.isdigit() else "null"
    assert f'"{MASK}","n":{spelt}}}'.encode() in masked(PLAIN, content_type, found)


ODDS = ("index", "type", "thought", "finish_reason", "finishReason", "output_index")
STREAMING = {
    "chat": (CHAT, {"choices": [{"index": 0, "delta": {"content": SECRET}, "finish_reason": 1}]}),
    "responses": (
        RESPONSES,
        {"type": "response.output_text.done", "output_index": 0, "delta": SECRET},
    ),
    "anthropic": (
        ANTHROPIC,
        {"type": "content_block_stop", "index": 0, "delta": {"text": SECRET}},
    ),
    "cursor": (CURSOR, {"type": "text-delta", "text": SECRET}),
    "gemini": (
        GEMINI,
        {
            "candidates": [
                {
                    "index": 0,
                    "finishReason": 1,
                    "content": {"parts": [{"text": SECRET, "thought": True}]},
                }
            ]
        },
    ),
    "plain": (PLAIN, {"type": "t", "text": SECRET}),
}


@pytest.mark.parametrize("odd", [[1, {}], {"a": []}, None, 1.5, "x", True])
@pytest.mark.parametrize(("wire", "event"), STREAMING.values(), ids=STREAMING)
def test_anything_may_stand_where_a_number_or_a_type_should(
    wire: WireFormat, event: dict[str, Any], odd: Json
) -> None:
    def oddly(value: Json) -> Json:
        if isinstance(value, list):
            return [oddly(item) for item in value]
        if not isinstance(value, dict):
            return value
        return strange(value)

    def strange(event: dict[str, Json]) -> dict[str, Any]:
        return {name: odd if name in ODDS else oddly(value) for name, value in event.items()}

    stream = streams.data(strange(event), "content_block_delta")
    assert SECRET.encode() not in masked(wire, SSE, stream + stream)
    held = strange(json.loads(json.dumps(event).replace(SECRET, "AKIA")))
    assert masked(wire, SSE, streams.data(held)).count(b"AKIA") == 1


@pytest.mark.parametrize("wire", [CHAT, RESPONSES, ANTHROPIC, CURSOR, GEMINI, PLAIN])
def test_a_text_under_a_name_that_is_masked_gets_its_tail_under_the_mask(wire: WireFormat) -> None:
    stream = streams.data({SECRET: {SECRET: "is AKIA"}}) + streams.data({"n": 1})
    out = [json.loads(event.data or "") for event in SseParser().feed(masked(wire, SSE, stream))]
    assert out == [{MASK: {MASK: "is "}}, {"n": 1}, {MASK: {MASK: "AKIA"}}]
