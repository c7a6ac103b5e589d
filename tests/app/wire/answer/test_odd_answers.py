"""Answers that no provider should send, and that break nothing and leak nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import UpstreamUnavailable
from app.wire.answer.sse import SseParser, encode
from app.wire.request.body import parse_body
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
from tests.app.wire.masking import KEY_BLOCK, KEY_MASK, MASK, SECRET, whole

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


@pytest.mark.parametrize("number", ["1e3", "0.10", "-0", "1.0E+5", "12345678901234567890"])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson", SSE])
def test_a_number_keeps_its_spelling_where_a_body_is_masked_elsewhere(
    content_type: str, number: str
) -> None:
    frame = "data: %s\n\n" if content_type == SSE else "%s\n"
    answer = f'{{"response": "{SECRET}", "n": {number}}}'
    out = masked(PLAIN, content_type, (frame % answer).encode())
    assert f'"{MASK}","n":{number}}}'.encode() in out
    assert parse_body("application/json", answer.encode()).rewritten(PLAIN, whole) == (
        f'{{"response":"{MASK}","n":{number}}}'.encode()
    )


@pytest.mark.parametrize("depth", [130, 254, 255, 256, 600, 1023])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson", SSE])
def test_an_answer_nested_too_deep_is_an_error_that_can_be_told(
    content_type: str, depth: int
) -> None:
    frame = b"data: %s\n\n" if content_type == SSE else b"%s\n"
    nested = b'{"a": ' * depth + b'"x"' + b"}" * depth
    with pytest.raises(UpstreamUnavailable, match="deeper"):
        masked(CHAT, content_type, frame % nested)
    with pytest.raises(UpstreamUnavailable, match="deeper"):
        masked(CHAT, content_type, frame % nested.replace(b" ", b""))


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


@pytest.mark.parametrize("secret", [SECRET, f'{KEY_BLOCK[:40]}\n12\n\n"x"\n{KEY_BLOCK[40:]}'])
def test_a_word_that_looks_like_json_belongs_to_the_words_around_it(secret: str) -> None:
    cuts = [*range(0, len(secret), 3), *(at for at, ch in enumerate(secret) if ch.isdigit())]
    for cut in cuts:
        parts = ["see ", secret[:cut], secret[cut : cut + 1], secret[cut + 1 :], ", 2 ", "3"]
        stream = b"".join(map(encode, parts))
        words = "".join(event.data or "" for event in SseParser().feed(masked(PLAIN, SSE, stream)))
        assert words == f"see {whole(secret)}, 2 3"


@pytest.mark.parametrize(
    ("wire", "label", "answer", "out"),
    [
        (PLAIN, SSE, b'data: "is AKIA"\n\n', b'data: "is "\n\ndata: "AKIA"\n\n'),
        (PLAIN, SSE, b'data: ["is AKIA"]\n\n', b'data: ["is "]\n\ndata: ["AKIA"]\n\n'),
        (PLAIN, "application/x-ndjson", b'["is AKIA"]\n', b'["is "]\n["AKIA"]\n'),
        (PLAIN, "application/json", b'"is AKIA" 7', b'"is " 7 "AKIA"'),
        (GEMINI, "application/json", b'["is AKIA"]', b'["is ","AKIA"]'),
    ],
)
def test_the_tail_of_a_bare_string_or_list_comes_as_one(
    wire: WireFormat, label: str, answer: bytes, out: bytes
) -> None:
    assert masked(wire, label, answer) == out


def test_words_that_wait_come_before_an_object_that_follows_them() -> None:
    stream = encode("see AKIA") + encode("{}") + encode(", or")
    out = [event.data for event in SseParser().feed(masked(PLAIN, SSE, stream))]
    assert out == ["see ", "AKIA", "{}", ", or"]


def test_a_key_over_many_lines_is_masked_also_where_lines_of_json_were_promised() -> None:
    block = KEY_BLOCK.replace("MIIB", "\n123456\n\nMIIB")
    lines = f'{{"n":1}}\n{block}\n{{"n":2}}\n"a"\n7\nend'
    out = masked(PLAIN, "application/x-ndjson", lines.encode()).decode()
    assert out == f'{{"n":1}}\n{KEY_MASK}\n{{"n":2}}\n"a"\n7\nend\n'
    assert masked(PLAIN, "application/x-ndjson", f"[]\n{KEY_BLOCK[:40]}\n[]".encode()) == (
        f"[]\n{KEY_MASK}\n[]\n".encode()
    )


def test_what_is_held_goes_out_under_a_masked_event_name() -> None:
    for data in ('{"text":"is AKIA"}', "is AKIA"):
        out = masked(PLAIN, SSE, encode(data, event=SECRET)).decode()
        assert "is " in out
        assert "AKIA" in out
        assert SECRET not in out
