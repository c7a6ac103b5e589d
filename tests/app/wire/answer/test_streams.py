"""The law of the answer: however a stream is cut, each text is what masking it whole gives."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wire.answer.sse import SseParser
from app.wire.base import WireFormat
from app.wire.registry import wire_for
from tests.app.wire import streams
from tests.app.wire.masking import SECRET, RealMasking, cut, leaks, whole

SSE = "text/event-stream; charset=utf-8"


@dataclass(frozen=True)
class Format:
    wire: WireFormat
    make: Callable[[list[str]], bytes]
    texts: Callable[[str, dict[str, Any]], Iterator[tuple[Any, str]]]
    arguments: bool = False


def chat_texts(_name: str, event: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    for choice in event["choices"]:
        delta = choice["delta"]
        yield (choice["index"], "content"), delta.get("content", "")
        for call in delta.get("tool_calls", ()):
            yield (choice["index"], call["index"]), call["function"].get("arguments", "")


def message_texts(_name: str, event: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    delta = event.get("delta", {})
    for channel in ("text", "thinking", "partial_json"):
        if channel in delta:
            yield (event["index"], channel), delta[channel]


def cursor_texts(name: str, event: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    if "text" in event:
        yield name, event["text"]
    if "args" in event:
        yield "file", event["args"]["file"]


def response_texts(name: str, event: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    kind = name.rpartition(".")[0]
    yield kind, event.get("delta", "")
    for whole_text in ("text", "arguments"):
        if whole_text in event:
            yield f"{kind} done", event[whole_text]
    if item := event.get("item"):
        yield name, item.get("arguments", "")
        yield name, "".join(part["text"] for part in item.get("content", ()))
    for item in event.get("response", {}).get("output", ()):
        yield name, item.get("arguments", "")
        yield name, "".join(part["text"] for part in item.get("content", ()))


def completion_texts(_name: str, event: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    for choice in event["choices"]:
        yield choice["index"], choice["text"]


def gemini_texts(_name: str, event: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    for candidate in event["candidates"]:
        for part in candidate["content"]["parts"]:
            yield (candidate["index"], part.get("thought", False)), part["text"]


def plain_texts(_name: str, event: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    yield "response", event["response"]


FORMATS = {
    "chat": Format(wire_for("openai", "v1/chat/completions", {}), streams.chat, chat_texts),
    "chat tools": Format(
        wire_for("openai", "v1/chat/completions", {}),
        streams.chat_tools,
        chat_texts,
        arguments=True,
    ),
    "messages": Format(wire_for("anthropic", "v1/messages", {}), streams.messages, message_texts),
    "messages tool": Format(
        wire_for("anthropic", "v1/messages", {}),
        streams.messages_tool,
        message_texts,
        arguments=True,
    ),
    "cursor": Format(
        wire_for("cursor", "v1/agents/a/runs/r/stream", None), streams.cursor, cursor_texts
    ),
    "responses": Format(wire_for("openai", "v1/responses", {}), streams.responses, response_texts),
    "responses call": Format(
        wire_for("openai", "v1/responses", {}),
        streams.responses_call,
        response_texts,
        arguments=True,
    ),
    "completions": Format(
        wire_for("auto", "v1/completions", {}), streams.completions, completion_texts
    ),
    "gemini": Format(
        wire_for("gemini", "v1beta/models/m:streamGenerateContent", {}),
        streams.gemini,
        gemini_texts,
    ),
    "plain": Format(wire_for("plain", "v1/anything", {}), streams.plain, plain_texts),
}


def joined(form: Format, out: bytes) -> dict[Any, str]:
    texts: dict[Any, str] = defaultdict(str)
    for event in SseParser().feed(out):
        if event.data and event.data != "[DONE]":
            for key, text in form.texts(event.event, json.loads(event.data)):
                texts[key] += text
    return dict(texts)


PIECES = st.lists(
    st.sampled_from(
        [
            "AKIA",
            SECRET[4:10],
            SECRET[10:],
            SECRET,
            "Z7QX",
            " ",
            "x",
            "\u00e9",
            '"',
            "\\",
            "\n",
            "-----BEGIN ",
            "PRIVATE KEY-----",
            "\nMIIB+/",
            "-----END PRIVATE KEY-----",
            "\u200b",
        ]
    ),
    max_size=8,
)
PLACES = st.lists(st.integers(0, 1_000_000), max_size=10)


def sent(form: Format, text: str, at: list[int]) -> list[str]:
    """Cut a text, or the JSON arguments that hold it, into deltas."""
    spoken = json.dumps({"text": text, "n": 1}, ensure_ascii=False) if form.arguments else text
    bounds = sorted({0, len(spoken), *(place % (len(spoken) + 1) for place in at)})
    return [spoken[start:end] for start, end in itertools.pairwise(bounds)]


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(parts=PIECES, deltas=PLACES, bytes_at=PLACES)
@settings(max_examples=120, deadline=None)
def test_every_text_is_what_masking_it_whole_gives(
    form: Format, parts: list[str], deltas: list[int], bytes_at: list[int]
) -> None:
    text = "".join(parts)
    stream = form.make(sent(form, text, deltas))
    masker = form.wire.answer(SSE, RealMasking())
    out = b""
    for piece in cut(stream, bytes_at):
        out += masker.feed(piece)
        assert not leaks(out)
    out += masker.finish()
    texts = joined(form, out)
    if form.arguments:
        assert [json.loads(found) for found in texts.values() if found] == [
            {"text": whole(text), "n": 1}
        ] * (len([key for key in texts if texts[key]]))
    else:
        assert {found for found in texts.values() if found} <= {whole(text)}
        assert set(texts) == set(joined(form, stream))
    assert not leaks(out)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(bytes_at=PLACES)
@settings(max_examples=20, deadline=None)
def test_a_stream_without_findings_passes_byte_for_byte(form: Format, bytes_at: list[int]) -> None:
    stream = form.make(sent(form, 'Say "hello" in caf\u00e9s \N{GRINNING FACE} and go', [3, 9, 17]))
    masker = form.wire.answer(SSE, RealMasking())
    out = b"".join([*(masker.feed(piece) for piece in cut(stream, bytes_at)), masker.finish()])
    assert out == stream


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(at=st.integers(0, 1_000_000), deltas=PLACES)
@settings(max_examples=40, deadline=None)
def test_a_stream_that_breaks_off_anywhere_leaks_nothing_and_stays_well_formed(
    form: Format, at: int, deltas: list[int]
) -> None:
    stream = form.make(sent(form, f"the key is {SECRET} and {SECRET[:12]}", deltas))
    masker = form.wire.answer(SSE, RealMasking())
    out = masker.feed(stream[: at % len(stream)]) + masker.finish()
    assert not leaks(out)
    for text in joined(form, out).values():
        assert SECRET not in text


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_a_held_tail_goes_out_before_the_event_that_ends_its_text(form: Format) -> None:
    text = f"look: {SECRET[:12]}"
    out = b""
    masker = form.wire.answer(SSE, RealMasking())
    for piece in cut(form.make(sent(form, text, [4, 9])), list(range(0, 5000, 7))):
        out += masker.feed(piece)
    texts = {found for found in joined(form, out).values() if found}
    if form.arguments:
        assert {json.loads(found)["text"] for found in texts} == {text}
    else:
        assert texts == {text}
