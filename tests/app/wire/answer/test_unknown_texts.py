"""Texts under names that no table knows, which may go on in the next event all the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import UpstreamUnavailable
from app.wire.answer.sse import SseParser
from app.wire.registry import wire_for
from tests.app.wire import streams
from tests.app.wire.answer.test_choose import (
    ANTHROPIC,
    CHAT,
    CURSOR,
    GEMINI,
    PLAIN,
    RESPONSES,
    SSE,
    masked,
)
from tests.app.wire.masking import MASK, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import WireFormat

COMPLETIONS = wire_for("openai", "v1/completions", None)
MCP = wire_for("mcp", "mcp", None)


def choice(**members: object) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "choices": [{"index": 0, **members}]}


def part(**members: object) -> dict[str, Any]:
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": [members]}}]}


UNKNOWN: dict[str, tuple[WireFormat, Callable[[str], dict[str, Any]]]] = {
    "plain chunk": (PLAIN, lambda text: {"chunk": text, "n": 1}),
    "plain token": (PLAIN, lambda text: {"token": {"text": text, "id": 1}}),
    "plain output": (PLAIN, lambda text: {"output": [text]}),
    "plain deep": (PLAIN, lambda text: {"type": "x", "data": {"rows": [{"it": [text]}]}}),
    "plain value": (PLAIN, lambda text: {"o": "chunk", "p": "/a", "v": text}),
    "chat text": (CHAT, lambda text: choice(text=text, finish_reason=None)),
    "chat choice": (CHAT, lambda text: choice(more={"words": text})),
    "chat message": (CHAT, lambda text: choice(message={"content": text})),
    "chat top": (CHAT, lambda text: {"model": "m", "choices": [], "chunk": text}),
    "completions": (COMPLETIONS, lambda text: choice(words=text)),
    "responses": (RESPONSES, lambda text: {"type": "response.x", "output_index": 0, "chunk": text}),
    "anthropic": (
        ANTHROPIC,
        lambda text: {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "new_delta", "words": text},
        },
    ),
    "gemini": (GEMINI, lambda text: {"candidates": [{"index": 0, "words": text}]}),
    "gemini part": (GEMINI, lambda text: part(words=text)),
    "gemini output of a program": (
        GEMINI,
        lambda text: part(codeExecutionResult={"outcome": "OUTCOME_OK", "output": text}),
    ),
    "gemini argument": (
        GEMINI,
        lambda text: part(
            functionCall={
                "partialArgs": [{"jsonPath": "$.it", "stringValue": text, "willContinue": True}]
            }
        ),
    ),
    "cursor": (CURSOR, lambda text: {"type": "new", "chunk": text}),
    "cursor arguments": (
        CURSOR,
        lambda text: {
            "type": "interaction_update",
            "update": {"type": "partial-tool-call", "toolCall": {"args": {"script": text}}},
        },
    ),
    "mcp notice": (
        MCP,
        lambda text: {"jsonrpc": "2.0", "method": "notifications/x", "params": {"delta": text}},
    ),
}
PIECES = ["the ", "key ", SECRET[:4], SECRET[4:9], SECRET[9:19], SECRET[19:] + ", AK", "IA"]


def said(event: Any, pattern: Any) -> str:  # noqa: ANN401 - any JSON
    """Find in an event what stands where the pattern has a `?`."""
    if pattern == "?":
        return event if isinstance(event, str) else ""
    if isinstance(pattern, dict) and isinstance(event, dict):
        return "".join(said(event.get(name), below) for name, below in pattern.items())
    if isinstance(pattern, list) and pattern and isinstance(event, list) and event:
        return said(event[0], pattern[0])
    return ""


@pytest.mark.parametrize(("wire", "make"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_key_split_over_events_is_masked_under_any_name(
    wire: WireFormat, make: Callable[[str], dict[str, Any]]
) -> None:
    answer = "".join(
        said(json.loads(event.data or ""), make("?"))
        for event in SseParser().feed(
            masked(wire, SSE, b"".join(map(streams.data, map(make, PIECES))))
        )
    )
    assert answer == f"the key {MASK}, AKIA"


@pytest.mark.parametrize(("wire", "make"), UNKNOWN.values(), ids=UNKNOWN)
def test_of_a_key_that_comes_in_single_characters_three_show_at_most(
    wire: WireFormat, make: Callable[[str], dict[str, Any]]
) -> None:
    out = masked(wire, SSE, b"".join(streams.data(make(piece)) for piece in f" {SECRET} "))
    texts = [said(json.loads(event.data or ""), make("?")) for event in SseParser().feed(out)]
    assert "".join(texts).removeprefix(f" {SECRET[:3]}").lstrip() == f"{MASK} "


def test_a_word_that_ends_as_some_secret_begins_is_not_cut() -> None:
    lines = b"".join(b'{"what":"%s"}\n' % word for word in (b"is", b"AKI", b"class A", b"AKA"))
    assert masked(PLAIN, "application/x-ndjson", lines) == lines


@pytest.mark.parametrize("wire", [PLAIN, CHAT, RESPONSES, ANTHROPIC, GEMINI, CURSOR])
def test_a_value_that_stays_the_same_is_whole_from_the_second_time_on(wire: WireFormat) -> None:
    event = streams.data({"type": "x", "region": "in AKIA", "n": 1})
    out = SseParser().feed(masked(wire, SSE, event * 4))
    assert [json.loads(found.data or "")["region"] for found in out] == ["in ", *["in AKIA"] * 3]


def test_a_value_that_stops_staying_the_same_hides_no_secret_behind_its_former_self() -> None:
    same = streams.data({"chunk": f"see {SECRET[:9]}"})
    out = masked(PLAIN, SSE, same * 3 + streams.data({"chunk": ", or not"}))
    texts = [json.loads(event.data or "")["chunk"] for event in SseParser().feed(out)]
    assert texts == ["see ", f"see {SECRET[:9]}", f"see {SECRET[:9]}", ", or not"]
    rest = streams.data({"chunk": SECRET[9:]})
    assert MASK.encode() in masked(PLAIN, SSE, same + rest)
    with pytest.raises(UpstreamUnavailable, match="hide a secret"):
        masked(PLAIN, SSE, same * 2 + rest)


def test_a_value_that_grows_with_each_event_is_masked_before_it_is_complete() -> None:
    text = f"a long beginning, the key {SECRET}, and more AKIA"
    values = [text[:end] for end in (20, 30, 30, 40, 60, len(text))]
    out = masked(PLAIN, SSE, b"".join(streams.data({"so_far": value}) for value in values))
    texts = [json.loads(event.data or "")["so_far"] for event in SseParser().feed(out)]
    start = "a long beginning, the key "
    assert texts == [
        text[:20],
        start,
        start,
        start,
        f"{start}{MASK}, and more ",
        f"{start}{MASK}, and more ",
        f"{start}{MASK}, and more AKIA",
    ]


def test_many_unknown_strings_do_not_fill_the_memory_nor_stop_the_answer() -> None:
    rows = [
        {"name": f"row {at}", "note": "fine", "words": ["so", "it", "is"]} for at in range(3000)
    ]
    line = json.dumps({"rows": rows}).encode() + b"\n"
    assert masked(PLAIN, "application/x-ndjson", line * 2) == line * 2


def test_the_arguments_of_a_function_are_masked_apart_and_complete_where_they_end() -> None:
    pieces = [
        ("$.a", SECRET[:9], True),
        ("$.b", "AK", True),
        ("$.a", SECRET[9:], False),
        ("$.b", "IA", False),
    ]
    events = [
        part(
            functionCall={
                "partialArgs": [{"jsonPath": path, "stringValue": text, "willContinue": more}]
            }
        )
        for path, text, more in pieces
    ]
    out = masked(GEMINI, SSE, b"".join(map(streams.data, events)))
    texts: dict[str, str] = {}
    for event in SseParser().feed(out):
        call = json.loads(event.data or "")["candidates"][0]["content"]["parts"][0]["functionCall"]
        for argument in call["partialArgs"]:
            path = argument["jsonPath"]
            texts[path] = texts.get(path, "") + argument["stringValue"]
            last = argument["willContinue"]
    assert texts == {"$.a": MASK, "$.b": "AKIA"}
    assert not last
