"""A text that is said to end, and goes on: what went out before its end is not forgotten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import UpstreamUnavailable
from app.wire.answer import sse
from app.wire.answer.sse import SseParser
from tests.app.wire import streams
from tests.app.wire.answer.test_choose import ANTHROPIC, CHAT, GEMINI, PLAIN, RESPONSES, SSE, masked
from tests.app.wire.masking import KEY_BLOCK, KEY_MASK, MASK, SECRET, RealMasking, leaks

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import WireFormat


def chat(piece: str) -> bytes:
    return streams.chunk({"content": piece}, finish="stop")


def done(piece: str) -> bytes:
    return streams.chunk({"content": piece}) + streams.DONE


def arguments(piece: str) -> bytes:
    return streams.chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, 0, "x")


def message(piece: str) -> bytes:
    delta = {"type": "text_delta", "text": piece}
    return streams.named(
        {"type": "content_block_delta", "index": 0, "delta": delta}
    ) + streams.named({"type": "content_block_stop", "index": 0})


def response(piece: str) -> bytes:
    kind, place = "response.output_text", {"output_index": 0, "content_index": 0}
    return streams.named({"type": f"{kind}.delta", **place, "delta": piece}) + streams.named(
        {"type": f"{kind}.done", **place}
    )


def candidate(piece: str) -> bytes:
    part = {"content": {"parts": [{"text": piece}]}, "index": 0, "finishReason": "STOP"}
    return streams.data({"candidates": [part]})


def plain(piece: str) -> bytes:
    return streams.data({"response": piece, "done": True})


def words(piece: str) -> bytes:
    return sse.encode(piece) + streams.DONE


ENDING: dict[str, tuple[WireFormat, Callable[[str], bytes]]] = {
    "chat": (CHAT, chat),
    "done": (CHAT, done),
    "anthropic": (ANTHROPIC, message),
    "responses": (RESPONSES, response),
    "gemini": (GEMINI, candidate),
    "plain": (PLAIN, plain),
    "words": (PLAIN, words),
}


def said(out: bytes) -> str:
    """Join whatever stands for a text, in any of the shapes above."""

    def within(value: Any) -> str:  # noqa: ANN401 - any JSON
        if isinstance(value, dict):
            names = ("content", "text", "delta", "response")
            return "".join(
                item if isinstance(item, str) and name in names else within(item)
                for name, item in value.items()
            )
        return "".join(map(within, value)) if isinstance(value, list) else ""

    texts = [event.data or "" for event in SseParser().feed(out) if event.data != "[DONE]"]
    return "".join(within(json.loads(text)) if text.startswith("{") else text for text in texts)


@pytest.mark.parametrize(("wire", "make"), ENDING.values(), ids=ENDING)
def test_a_secret_across_an_end_is_never_passed_on(
    wire: WireFormat, make: Callable[[str], bytes]
) -> None:
    pieces = [SECRET[:9], SECRET[9:]]
    with pytest.raises(UpstreamUnavailable, match="after its end"):
        masked(wire, SSE, b"".join(map(make, pieces)))


@pytest.mark.parametrize(("wire", "make"), ENDING.values(), ids=ENDING)
def test_a_text_that_says_of_every_piece_that_it_is_the_last_comes_through(
    wire: WireFormat, make: Callable[[str], bytes]
) -> None:
    pieces = ["is AKI", "wi or AK", "IA, ", "AKIA or", " AK", "IA?"]
    assert said(masked(wire, SSE, b"".join(map(make, pieces)))) == "".join(pieces)


@pytest.mark.parametrize(("wire", "make"), ENDING.values(), ids=ENDING)
def test_a_mask_goes_on_growing_across_an_end(
    wire: WireFormat, make: Callable[[str], bytes]
) -> None:
    pieces = ["see ", KEY_BLOCK[:40], KEY_BLOCK[40:], " and"]
    assert said(masked(wire, SSE, b"".join(map(make, pieces)))) == f"see {KEY_MASK} and"


@pytest.mark.parametrize(("wire", "make"), list(ENDING.values())[:1] + list(ENDING.values())[2:6])
def test_a_text_that_has_gone_on_once_is_held_across_its_ends(
    wire: WireFormat, make: Callable[[str], bytes]
) -> None:
    pieces = ["so ", "is ", SECRET[:9], SECRET[9:], " AKIA"]
    out = masked(wire, SSE, b"".join(map(make, pieces)))
    assert said(out) == f"so is {MASK} AKIA"
    assert not leaks(out)


@pytest.mark.parametrize("pieces", [['{"a":"AKIA', 'x"}'], ['{"a":"\\u00', "41KIA" + SECRET[4:]]])
def test_arguments_that_go_on_after_a_held_tail_went_out_are_withheld(pieces: list[str]) -> None:
    with pytest.raises(UpstreamUnavailable, match="after its end"):
        masked(CHAT, SSE, b"".join(map(arguments, pieces)))


def test_arguments_that_end_with_every_piece_are_masked_as_json_all_the_same() -> None:
    pieces = ['{"a":"so ', '\\u0041KIA"', ',"b":"', SECRET, '"}']
    out = masked(CHAT, SSE, b"".join(map(arguments, pieces)))
    assert MASK.encode() in out
    assert SECRET.encode() not in out


def test_what_ended_long_ago_is_forgotten_and_must_not_go_on() -> None:
    answer = CHAT.answer(SSE, RealMasking())
    held = [streams.chunk({"content": "AKIA"}, index, "stop") for index in range(4200)]
    assert answer.feed(b"".join(held)).count(b'"AKIA"') == 4200
    with pytest.raises(UpstreamUnavailable, match="long after"):
        answer.feed(held[0])
