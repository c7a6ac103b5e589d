"""A recorded session reads as the conversation it was, in every dialect and however it was cut."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.record.session import Chunk, RecordedAnswer, RecordedRequest
from app.domain.segment import Role
from app.replay.transcript import Beat, answer_turns, prompt_turns
from app.wire.reading import TextKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.replay.transcript import Turn

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
SSE = "text/event-stream; charset=utf-8"
JSON = "application/json"


def answer(kind: str) -> RecordedAnswer:
    return RecordedAnswer(200, (("Content-Type", kind),), NOW, NOW + timedelta(seconds=1))


def request(path: str, body: object, kind: str = JSON) -> RecordedRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RecordedRequest("POST", path, "", (("content-type", kind),), raw, "d")


def sse(*events: Any, names: Sequence[str] = ()) -> bytes:  # noqa: ANN401 - any JSON
    parts = []
    for index, event in enumerate(events):
        name = f"event: {names[index]}\n" if names else ""
        data = event if isinstance(event, str) else json.dumps(event)
        parts.append(f"{name}data: {data}\n\n")
    return "".join(parts).encode()


def read(kind: str, *data: bytes) -> tuple[Turn, ...]:
    chunks = [Chunk(n, 50 * n, piece) for n, piece in enumerate(data)]
    return answer_turns(answer(kind), chunks)


def said(turns: tuple[Turn, ...]) -> list[tuple[TextKind, str, str]]:
    return [(turn.kind, turn.tool, turn.text) for turn in turns]


CHAT = sse(
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
    {"choices": [{"index": 0, "delta": {"content": "Hel"}}]},
    {"choices": [{"index": 1, "delta": {"content": "Other"}}]},
    {"choices": [{"index": 0, "delta": {"content": "lo"}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [
        {"index": 0, "id": "c1", "function": {"name": "read", "arguments": '{"a"'}}]}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [
        {"index": 0, "function": {"arguments": ": 1}"}}]}}]},
    {"choices": [], "usage": {"total_tokens": 3}},
    "[DONE]",
)  # fmt: skip
ANTHROPIC = sse(
    {"type": "message_start", "message": {"content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}},
    {"type": "content_block_delta", "index": 0, "delta": {"thinking": "Hm"}},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Yes"}},
    {"type": "content_block_start", "index": 2,
     "content_block": {"type": "tool_use", "name": "run", "input": {}}},
    {"type": "content_block_delta", "index": 2, "delta": {"partial_json": '{"x":'}},
    {"type": "content_block_delta", "index": 2, "delta": {"partial_json": " 2}"}},
    {"type": "message_stop"},
)  # fmt: skip
RESPONSES = sse(
    {"type": "response.created", "response": {}},
    {"type": "response.output_item.added", "output_index": 0,
     "item": {"id": "f1", "type": "function_call", "name": "look"}},
    {"type": "response.function_call_arguments.delta", "item_id": "f1", "output_index": 0,
     "delta": "{}"},
    {"type": "response.output_text.delta", "item_id": "m1", "output_index": 1,
     "content_index": 0, "delta": "Do"},
    {"type": "response.output_text.delta", "item_id": "m1", "output_index": 1,
     "content_index": 0, "delta": "ne"},
    {"type": "response.output_text.done", "item_id": "m1", "output_index": 1, "text": "Done"},
    {"type": "response.completed", "response": {"output": [{"content": [{"text": "Done"}]}]}},
)  # fmt: skip
CURSOR = sse(
    {"text": "Thinking"},
    {"text": "I will "},
    {"id": "t1", "name": "edit", "args": {"path": "a.py"}},
    {"text": "fix it"},
    {"text": "I will fix it"},
    {},
    names=["thinking", "assistant", "tool_call", "assistant", "result", "done"],
)
STREAMS = {
    "chat": (
        CHAT,
        [
            (TextKind.TEXT, "", "Hello"),
            (TextKind.TEXT, "", "Other"),
            (TextKind.TOOL_CALL, "read", '{"a": 1}'),
        ],
    ),
    "anthropic": (
        ANTHROPIC,
        [
            (TextKind.THINKING, "", "Hm"),
            (TextKind.TEXT, "", "Yes"),
            (TextKind.TOOL_CALL, "run", '{"x": 2}'),
        ],
    ),
    "responses": (RESPONSES, [(TextKind.TOOL_CALL, "look", "{}"), (TextKind.TEXT, "", "Done")]),
    "cursor": (
        CURSOR,
        [
            (TextKind.THINKING, "", "Thinking"),
            (TextKind.TEXT, "", "I will fix it"),
            (TextKind.TOOL_CALL, "edit", '{"path": "a.py"}'),
        ],
    ),
    "a refusal in the stream": (
        sse({"error": {"message": "denied by a manager", "code": "policy_denied"}}),
        [(TextKind.ERROR, "", "denied by a manager")],
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_put_together_by_what_its_pieces_continue(name: str) -> None:
    data, expected = STREAMS[name]
    assert said(read(SSE, data)) == expected


@given(st.sampled_from(sorted(STREAMS)), st.lists(st.integers(min_value=1, max_value=60)))
def test_however_a_stream_was_cut_it_says_the_same(name: str, cuts: list[int]) -> None:
    data, expected = STREAMS[name]
    pieces = []
    for cut in cuts:
        pieces.append(data[:cut])
        data = data[cut:]
    assert said(read(SSE, *pieces, data)) == expected


BODIES: dict[str, tuple[object, list[tuple[TextKind, str, str]]]] = {
    "chat": (
        {"choices": [{"message": {
            "content": "Hello",
            "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}],
        }}]},
        [(TextKind.TEXT, "", "Hello"), (TextKind.TOOL_CALL, "f", "{}")],
    ),
    "refusal": (
        {"choices": [{"message": {"content": None, "refusal": "No"}}]},
        [(TextKind.TEXT, "", "No")],
    ),
    "completions": ({"choices": [{"text": "and so"}]}, [(TextKind.TEXT, "", "and so")]),
    "anthropic": (
        {"content": [
            {"type": "thinking", "thinking": "Hm"},
            {"type": "text", "text": "Yes"},
            {"type": "tool_use", "name": "run", "input": {"x": 1}},
        ]},
        [
            (TextKind.THINKING, "", "Hm"),
            (TextKind.TEXT, "", "Yes"),
            (TextKind.TOOL_CALL, "run", '{"x": 1}'),
        ],
    ),
    "responses": (
        {"output": [
            {"type": "reasoning", "summary": [{"text": "Hm"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "Done"}]},
            {"type": "function_call", "name": "look", "arguments": "{}"},
        ]},
        [
            (TextKind.THINKING, "", "Hm"),
            (TextKind.TEXT, "", "Done"),
            (TextKind.TOOL_CALL, "look", "{}"),
        ],
    ),
    "gemini": (
        {"candidates": [{"content": {"parts": [
            {"text": "Hi"}, {"functionCall": {"name": "go", "args": {}}}]}}]},
        [(TextKind.TEXT, "", "Hi"), (TextKind.TOOL_CALL, "go", "{}")],
    ),
    "cursor run": ({"id": "r1", "result": "Fixed"}, [(TextKind.TEXT, "", "Fixed")]),
    "cursor conversation": (
        {"messages": [{"type": "user_message", "text": "a"}, {"text": "b"}]},
        [(TextKind.TEXT, "", "a"), (TextKind.TEXT, "", "b")],
    ),
    "an error": (
        {"error": {"message": "no such model", "type": "not_found"}},
        [(TextKind.ERROR, "", "no such model")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_an_answer_in_one_piece_is_read_by_its_shape(name: str) -> None:
    body, expected = BODIES[name]
    assert said(read(JSON, json.dumps(body).encode())) == expected


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (JSON, b'{"unknown": "shape"}'),
        (JSON, b'{"broken": '),
        (JSON, b"[" * 100_000),
        ("text/plain", "héllo".encode()),
        ("text/plain", b"\xff\xfe not UTF-8"),
        (SSE, b": only a comment\n\n"),
        (SSE, b"data: not JSON\n\n"),
    ],
)
def test_what_it_does_not_know_it_shows_as_it_came(kind: str, data: bytes) -> None:
    assert said(read(kind, data)) == [(TextKind.TEXT, "", data.decode(errors="replace"))]


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["choices", "delta", "message", "content", "output", "item", "type", "index", "error",
             "tool_calls", "function", "name", "text", "candidates", "parts", "messages"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
), st.sampled_from(["", "assistant", "tool_call", "error", "result"]))  # fmt: skip
def test_no_shape_of_json_makes_it_fail(value: object, name: str) -> None:
    read(JSON, json.dumps(value).encode())
    read(SSE, sse(value, names=[name]))


def test_the_timing_of_an_answer_is_kept() -> None:
    first = sse({"choices": [{"index": 0, "delta": {"content": "Hel"}}]})
    second = sse({"choices": [{"index": 0, "delta": {"content": "lo"}}]})
    [turn] = read(SSE, first, second)
    assert turn.beats == (Beat(0, 3), Beat(50, 5))


def test_an_answer_that_broke_off_shows_what_came() -> None:
    whole = sse({"choices": [{"index": 0, "delta": {"content": "Half"}}]})
    assert said(read(SSE, whole, b'data: {"choices": [{"ind')) == [(TextKind.TEXT, "", "Half")]


def test_without_an_answer_there_is_nothing_to_read() -> None:
    assert answer_turns(None, [Chunk(0, 0, b"x")]) == ()
    assert answer_turns(answer(JSON), []) == ()


def test_a_prompt_is_read_in_the_words_of_its_api() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    body = {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "Be brief"},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}, picture]},
        ],
    }
    turns, unread = prompt_turns("openai_chat", request("/v1/chat/completions", body))
    assert [(turn.role, turn.text) for turn in turns] == [
        (Role.SYSTEM, "Be brief"),
        (Role.USER, "Hi"),
    ]
    assert turns[0].place == "/messages/0/content"
    assert len(unread) == 1


@pytest.mark.parametrize("wire", ["anthropic", "auto", "gone_since"])
def test_a_recorded_format_is_found_again(wire: str) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    turns, _ = prompt_turns(wire, request("/v1/messages", body))
    assert [(turn.role, turn.text) for turn in turns] == [(Role.USER, "Hi")]


def test_a_body_that_cannot_be_read_is_shown_as_text() -> None:
    turns, _ = prompt_turns("openai_chat", request("/v1/chat/completions", b'{"a": 1, "a": 2}'))
    assert [turn.text for turn in turns] == ['{"a": 1, "a": 2}']


def test_a_turn_is_titled_by_who_speaks() -> None:
    titles = [turn.title for turn in read(SSE, CHAT)]
    assert titles == ["assistant", "assistant", "assistant · tool call · read"]
