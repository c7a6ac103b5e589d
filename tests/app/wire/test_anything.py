"""Whatever comes, only errors of our own tree leave, and no whole key does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import AbeyanceError
from app.wire.registry import wire_for
from app.wire.request.body import parse_body
from tests.app.wire import streams
from tests.app.wire.masking import SECRET, RealMasking, cut, leaks, through, whole

if TYPE_CHECKING:
    from app.wire.base import WireFormat

WIRES = [
    wire_for(name, path, None)
    for name, path in (
        ("openai", "v1/chat/completions"),
        ("openai", "v1/responses"),
        ("openai", "v1/completions"),
        ("anthropic", "v1/messages"),
        ("cursor", "v1/agents"),
        ("gemini", "v1beta/models/m:streamGenerateContent"),
        ("mcp", "mcp"),
        ("plain", "x"),
    )
]
RECORDED = [
    make(["the key ", SECRET[:9], SECRET[9:], " AKIA"])
    for make in (
        *(streams.chat, streams.chat_tools, streams.messages, streams.messages_tool),
        *(streams.cursor, streams.responses, streams.completions, streams.gemini, streams.plain),
    )
]
LABELS = st.sampled_from(
    [
        *("text/event-stream", "application/json", "application/x-ndjson", "text/plain", ""),
        *("application/octet-stream", "application/json-seq", "text/plain; charset=utf-16"),
        *("multipart/mixed; boundary=data", "application/x-www-form-urlencoded"),
    ]
)
NAMES = st.sampled_from(
    [
        *("index", "type", "choices", "delta", "content", "text", "tool_calls", "function"),
        *("arguments", "finish_reason", "error", "content_block", "thinking", "candidates"),
        *("parts", "finishReason", "output_index", "item", "done", "new", "input", SECRET),
    ]
)
WORDS = st.sampled_from(
    ["", "x", SECRET, SECRET[:9], SECRET[9:], '{"a":', "\\u0041", "content_block_stop", "\ud83d"]
)
VALUES = st.recursive(
    WORDS | st.sampled_from([None, True, 0, 1.5, 2**70, float("nan"), float("-inf")]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
EVENTS = st.lists(VALUES, max_size=4).map(
    lambda values: b"".join(
        b"data: " + json.dumps(value, ensure_ascii=True).encode() + b"\n\n" for value in values
    )
)
SPLINTERS = st.sampled_from(
    [b"\n\n", b"{", b'"', b"NaN", b"\\u00", b"data: [DONE]\n\n", b"\r", b"\0", b"9" * 40, b"\xff"]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    stream = draw(st.sampled_from(RECORDED))
    for at, splinter in draw(st.lists(st.tuples(st.integers(0, 5000), SPLINTERS), max_size=4)):
        place = at % len(stream)
        stream = stream[:place] + splinter + stream[place + at % 3 :]
    return stream


BODIES = EVENTS | mutated() | VALUES.map(lambda value: json.dumps(value).encode())


@given(st.sampled_from(WIRES), LABELS, BODIES, st.lists(st.integers(0, 5000), max_size=3))
@settings(max_examples=250, deadline=None)
def test_no_answer_breaks_the_masking_or_passes_a_key(
    wire: WireFormat, label: str, body: bytes, places: list[int]
) -> None:
    try:
        out = through(wire.answer(label, RealMasking()), cut(body, places))
    except AbeyanceError:
        return
    assert not leaks(out)


@given(st.sampled_from(WIRES), LABELS, BODIES)
@settings(max_examples=150, deadline=None)
def test_no_request_breaks_the_reading_or_the_masking(
    wire: WireFormat, label: str, body: bytes
) -> None:
    try:
        read = parse_body(label, body)
        read.prompt(wire)
        out = read.rewritten(wire, whole)
    except AbeyanceError:
        return
    assert not leaks(out)
