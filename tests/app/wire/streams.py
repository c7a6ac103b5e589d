"""Streams as the providers send them, around texts of our own.

Each maker takes the pieces of a text and gives the bytes of a whole stream.
"""

from __future__ import annotations

import json
from typing import Any

CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1"}


def data(value: dict[str, Any], name: str = "", event_id: str = "") -> bytes:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    head = (f"event: {name}\n" if name else "") + (f"id: {event_id}\n" if event_id else "")
    return f"{head}data: {text}\n\n".encode()


def chunk(delta: dict[str, Any], index: int = 0, finish: str | None = None) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return data({**CHUNK, "choices": [choice]})


USAGE = data({**CHUNK, "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}})
DONE = b"data: [DONE]\n\n"


def chat(pieces: list[str]) -> bytes:
    """Two choices that interleave, each with the whole text."""
    start = [chunk({"role": "assistant", "content": ""}, index) for index in (0, 1)]
    body = [chunk({"content": piece}, index) for piece in pieces for index in (0, 1)]
    end = [chunk({}, index, "stop") for index in (0, 1)]
    return b"".join([*start, *body, *end, USAGE, DONE])


def chat_tools(pieces: list[str]) -> bytes:
    """Two parallel tool calls, the pieces being those of their JSON arguments."""

    def call(index: int, **function: str) -> dict[str, Any]:
        first = {"id": f"call_{index}", "type": "function"} if "name" in function else {}
        return {"tool_calls": [{"index": index, **first, "function": function}]}

    start = [chunk(call(index, name="write", arguments="")) for index in (0, 1)]
    body = [chunk(call(index, arguments=piece)) for piece in pieces for index in (0, 1)]
    return b"".join([*start, *body, chunk({}, 0, "tool_calls"), DONE])


def named(event: dict[str, Any]) -> bytes:
    return data(event, str(event["type"]))


def _block(index: int, block: dict[str, Any], deltas: list[dict[str, Any]]) -> list[bytes]:
    return [
        named({"type": "content_block_start", "index": index, "content_block": block}),
        *(
            named({"type": "content_block_delta", "index": index, "delta": delta})
            for delta in deltas
        ),
        named({"type": "content_block_stop", "index": index}),
    ]


MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "content": [],
    "model": "m-1",
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
MESSAGE_END = [
    named(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        }
    ),
    named({"type": "message_stop"}),
]


def messages(pieces: list[str]) -> bytes:
    """A thinking block and a text block, each with the whole text."""
    thinking = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    text = [{"type": "text_delta", "text": piece} for piece in pieces]
    return b"".join(
        [
            named({"type": "message_start", "message": MESSAGE}),
            b'event: ping\ndata: {"type": "ping"}\n\n',
            *_block(0, {"type": "thinking", "thinking": "", "signature": ""}, thinking),
            *_block(1, {"type": "text", "text": ""}, text),
            *MESSAGE_END,
        ]
    )


def messages_tool(pieces: list[str]) -> bytes:
    block = {"type": "tool_use", "id": "toolu_1", "name": "write", "input": {}}
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return b"".join(
        [
            named({"type": "message_start", "message": MESSAGE}),
            *_block(0, block, deltas),
            *MESSAGE_END,
        ]
    )


def cursor(pieces: list[str]) -> bytes:
    """A run of Cursor's agent: thoughts and words in turns, and the result that repeats them."""
    count = 0

    def event(name: str, value: dict[str, Any]) -> bytes:
        nonlocal count
        count += 1
        return data(value, name, f"run-{count}")

    whole = "".join(pieces)
    body = [event(name, {"text": piece}) for piece in pieces for name in ("thinking", "assistant")]
    updates = [
        event("interaction_update", {"type": "text-delta", "text": piece}) for piece in pieces
    ]
    call = event("tool_call", {"callId": "1", "name": "write", "args": {"file": whole}})
    result = event("result", {"status": "FINISHED", "text": whole})
    return b"".join([*body, *updates, call, result, event("done", {})])


def responses(pieces: list[str]) -> bytes:
    """One message whose text comes in deltas and is then repeated three times."""
    whole = "".join(pieces)
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress"}
    done = {**item, "status": "completed", "content": [{**part, "text": whole}]}
    return _numbered(
        [
            {"type": "response.created", "response": RESPONSE},
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {**item, "content": []},
            },
            {"type": "response.content_part.added", **place, "part": part},
            *(
                {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
                for piece in pieces
            ),
            {"type": "response.output_text.done", **place, "text": whole, "logprobs": []},
            {"type": "response.content_part.done", **place, "part": {**part, "text": whole}},
            {"type": "response.output_item.done", "output_index": 0, "item": done},
            {
                "type": "response.completed",
                "response": {**RESPONSE, "status": "completed", "output": [done]},
            },
        ]
    )


RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "in_progress",
    "model": "m-1",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}


def _numbered(events: list[dict[str, Any]]) -> bytes:
    return b"".join(named({**event, "sequence_number": at}) for at, event in enumerate(events))


def responses_call(pieces: list[str]) -> bytes:
    whole = "".join(pieces)
    place = {"item_id": "fc_1", "output_index": 0}
    item = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "write"}
    kind = "response.function_call_arguments"
    done = {**item, "arguments": whole}
    return _numbered(
        [
            {"type": "response.created", "response": RESPONSE},
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {**item, "arguments": ""},
            },
            *({"type": f"{kind}.delta", **place, "delta": piece} for piece in pieces),
            {"type": f"{kind}.done", **place, "arguments": whole},
            {"type": "response.output_item.done", "output_index": 0, "item": done},
            {
                "type": "response.completed",
                "response": {**RESPONSE, "status": "completed", "output": [done]},
            },
        ]
    )


def completions(pieces: list[str]) -> bytes:
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m-1"}

    def event(text: str, finish: str | None = None) -> bytes:
        choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}
        return data({**head, "choices": [choice]})

    return b"".join([*map(event, pieces), event("", "stop"), DONE])


def gemini(pieces: list[str]) -> bytes:
    """A thought and an answer; the number of a part says nothing."""

    def event(parts: list[dict[str, Any]], **end: str) -> bytes:
        content = {"parts": parts, "role": "model"}
        return data({"candidates": [{"content": content, **end, "index": 0}], "modelVersion": "m"})

    thoughts = [event([{"text": piece, "thought": True}]) for piece in pieces]
    texts = [event([{"text": ""}, {"text": piece}]) for piece in pieces]
    return b"".join([*thoughts, *texts, event([{"text": ""}], finishReason="STOP")])


def plain(pieces: list[str]) -> bytes:
    body = [data({"response": piece, "n": at}) for at, piece in enumerate(pieces)]
    return b"".join([*body, data({"response": "", "done": True})])
