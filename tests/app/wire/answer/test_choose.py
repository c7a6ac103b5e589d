from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import TooLarge, UpstreamUnavailable
from app.wire import strict_json
from app.wire.answer.documents import DocumentAnswer
from app.wire.answer.events import AnswerTable, StreamTable
from app.wire.answer.sse import SseParser
from app.wire.base import WHOLE_BYTES
from app.wire.json_paths import shape
from app.wire.registry import wire_for
from tests.app.wire import streams
from tests.app.wire.masking import (
    MASK,
    SECRET,
    RealMasking,
    cut,
    through,
    whole,
)

if TYPE_CHECKING:
    from app.wire.base import Json, WireFormat

CHAT = wire_for("openai", "v1/chat/completions", None)
RESPONSES = wire_for("openai", "v1/responses", None)
ANTHROPIC = wire_for("anthropic", "v1/messages", None)
CURSOR = wire_for("cursor", "v1/agents/a/runs/r/stream", None)
GEMINI = wire_for("gemini", "v1beta/models/m:streamGenerateContent", None)
PLAIN = wire_for("plain", "anything", None)
SSE = "text/event-stream"


def masked(wire: WireFormat, content_type: str, body: bytes) -> bytes:
    return through(wire.answer(content_type, RealMasking()), [body])


ARGUMENTS = json.dumps({"k": SECRET}).replace("AKIA", "\\u0041KIA")
DOCUMENTS: dict[str, tuple[WireFormat, Any]] = {
    "chat": (
        CHAT,
        {
            "choices": [
                {
                    "message": {
                        "content": f"a {SECRET}",
                        "refusal": SECRET,
                        "tool_calls": [{"function": {"name": "f", "arguments": ARGUMENTS}}],
                    },
                }
            ]
        },
    ),
    "responses": (
        RESPONSES,
        {
            "output": [
                {"type": "message", "content": [{"type": "output_text", "text": SECRET}]},
                {"type": "function_call", "arguments": ARGUMENTS},
                {"type": "reasoning", "summary": [{"text": SECRET}]},
            ]
        },
    ),
    "anthropic": (
        ANTHROPIC,
        {
            "content": [
                {"type": "text", "text": SECRET},
                {"type": "thinking", "thinking": SECRET, "signature": "c2ln"},
                {"type": "tool_use", "input": {"k": SECRET, SECRET: [1]}},
            ]
        },
    ),
    "conversation": (CURSOR, {"messages": [{"type": "assistant_message", "text": SECRET}]}),
    "error": (CHAT, {"error": {"message": f"you said {SECRET}", "param": SECRET}}),
    "list": (PLAIN, [SECRET, {"a": [SECRET]}]),
    "string": (PLAIN, SECRET),
}


@pytest.mark.parametrize(("wire", "body"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_is_masked_everywhere_and_stays_json(wire: WireFormat, body: Json) -> None:
    out = masked(wire, "application/json", json.dumps(body).encode())
    decoded = json.dumps(json.loads(out)).replace("\\\\u0041", "A")
    assert SECRET not in decoded
    assert MASK in decoded


@pytest.mark.parametrize(("wire", "body"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_without_findings_keeps_its_very_bytes(wire: WireFormat, body: Json) -> None:
    spelt = (
        json.dumps(body, indent=3, ensure_ascii=True).replace(SECRET[4:], "caf\\u00e9 ").encode()
    )
    assert masked(wire, "application/json; charset=utf-8", spelt) == spelt


def test_arguments_in_a_document_stay_json_within_json() -> None:
    _, body = DOCUMENTS["chat"]
    out = json.loads(masked(CHAT, "application/json", json.dumps(body).encode()))
    call = out["choices"][0]["message"]["tool_calls"][0]
    assert json.loads(call["function"]["arguments"]) == {"k": MASK}


LOGPROBS = {"content": [{"token": "AKIA", "bytes": [65]}], "refusal": None}


def logged(content: str) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "logprobs": LOGPROBS}
    return streams.data({"choices": [choice]})


def test_log_probabilities_are_kept_where_nothing_is_masked() -> None:
    stream = logged("so") + logged(" it, too") + streams.DONE
    assert masked(CHAT, SSE, stream) == stream
    choice = {"message": {"content": "so it is"}, "logprobs": LOGPROBS}
    document = json.dumps({"choices": [choice]}, indent=1).encode()
    assert masked(CHAT, "application/json", document) == document


def test_log_probabilities_repeat_the_text_and_are_dropped_where_it_is_masked() -> None:
    out = masked(CHAT, SSE, logged("AKIA") + streams.DONE)
    assert b"bytes" not in out, "what is held back may be the beginning of a secret"
    out = masked(CHAT, SSE, b"".join(map(logged, ("so ", SECRET[:9], SECRET[9:]))) + streams.DONE)
    assert out.count(b"bytes") == 1
    late = {"choices": [{"index": 0, "logprobs": LOGPROBS}]}
    assert b"bytes" not in masked(CHAT, SSE, logged(SECRET) + streams.data(late))
    document = {"choices": [{"message": {"content": SECRET}, "logprobs": LOGPROBS}]}
    out = masked(CHAT, "application/json", json.dumps(document).encode())
    assert json.loads(out)["choices"][0]["logprobs"] is None


def test_a_document_beyond_the_limit_is_refused_before_it_is_kept() -> None:
    answer = DocumentAnswer(
        AnswerTable(StreamTable(shape({}), lambda _name, _event: ())), RealMasking(), cap=10
    )
    answer.feed(b"0123456789")
    with pytest.raises(TooLarge, match="10 bytes"):
        answer.feed(b"0")


def test_an_answer_that_only_claims_to_be_json_is_masked_as_text() -> None:
    assert masked(CHAT, "application/json", f"<html>{SECRET}".encode()) == (
        f"<html>{MASK}".encode()
    )
    assert masked(CHAT, "application/json", b"") == b""


def test_a_duplicate_key_cannot_hide_a_text_from_masking() -> None:
    hidden = f'{{"a":"{SECRET}","a":"x"}}'.encode()
    assert masked(PLAIN, "application/json", hidden) == b'{"a":"x"}'
    assert masked(PLAIN, SSE, b"data: " + hidden + b"\n\n") == b'data: {"a":"x"}\n\n'


def test_an_answer_nested_without_end_is_refused_or_read_as_text() -> None:
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    with pytest.raises(UpstreamUnavailable, match="deeper"):
        masked(PLAIN, "application/json", deep)


@given(st.lists(st.integers(0, 500)))
def test_text_in_any_charset_is_masked_for_every_cut(places: list[int]) -> None:
    text = f"caf\u00e9 {SECRET} and {SECRET[:7]}"
    for charset in ("utf-8", "utf-16-le", "latin-1"):
        answer = PLAIN.answer(f"text/plain; charset={charset}", RealMasking())
        out = through(answer, cut(text.encode(charset), places))
        assert out.decode(charset) == text.replace(SECRET, MASK)


@pytest.mark.parametrize("charset", ["klingon", "base64", "utf-7\0"])
def test_text_in_a_charset_we_cannot_read_is_not_passed_on(charset: str) -> None:
    with pytest.raises(UpstreamUnavailable, match="charset"):
        PLAIN.answer(f'text/plain; charset="{charset}"', RealMasking())


def test_bytes_pass_and_are_counted_as_uninspected() -> None:
    answer = PLAIN.answer("image/png", RealMasking())
    assert through(answer, [b"\x89PNG\xff", SECRET.encode()]) == b"\x89PNG\xff" + SECRET.encode()
    assert answer.uninspected == ("image/png",)


@pytest.mark.parametrize("content_type", ["", "application/octet-stream", "nonsense"])
def test_an_answer_of_unknown_type_is_read_and_other_bytes_are_kept(content_type: str) -> None:
    body = bytes(range(256)) + b"\xad" * 99 + SECRET.encode() + b"\xff"
    out = masked(PLAIN, content_type, body)
    assert out == bytes(range(256)) + b"\xad" * 99 + MASK.encode() + b"\xff"


def test_lines_of_json_are_masked_across_lines() -> None:
    lines = [json.dumps({"response": part}) for part in ("a ", SECRET[:9], SECRET[9:], " b")]
    body = "\n".join([*lines, json.dumps({"response": "AKIA", "done": True}), "AKIA no json", ""])
    out = through(PLAIN.answer("application/x-ndjson", RealMasking()), cut(body.encode(), [5, 40]))
    *events, rest = out.decode().splitlines()
    assert "".join(json.loads(line)["response"] for line in events) == f"a {MASK} bAKIA"
    assert rest == "AKIA no json"


def test_an_event_that_is_not_json_is_masked_as_text_across_events() -> None:
    stream = f"data: so {SECRET[:5]}\n\ndata: {SECRET[5:]} yes AK\n\n".encode()
    out = masked(PLAIN, SSE, stream)
    texts = [event.data or "" for event in SseParser().feed(out)]
    assert "".join(texts) == f"so {MASK} yes AK"


def test_comments_names_ids_and_unknown_fields_carry_nothing_through() -> None:
    stream = (
        f": {SECRET}\n\nevent: {SECRET}\nid: {SECRET}\n{SECRET}: x\nx: {SECRET}\ndata: {{}}\n\n"
        f"event: {SECRET}\n\n: fine\n\n"
    )
    out = masked(PLAIN, SSE, stream.encode())
    assert SECRET.encode() not in out
    assert b": fine\n" in out
    assert b"data: {}\n" in out


def test_a_stream_that_ends_without_any_ending_still_gives_its_tail() -> None:
    out = masked(CHAT, SSE, streams.chunk({"content": "is AKIA"}))
    deltas = [json.loads(event.data or "") for event in SseParser().feed(out)]
    assert [event["choices"][0]["delta"] for event in deltas] == [
        {"content": "is "},
        {"content": "AKIA"},
    ]
    assert deltas[1]["id"] == "chatcmpl-1"


def test_done_alone_releases_what_is_held_first() -> None:
    out = masked(CHAT, SSE, streams.chunk({"content": "AKIA"}) + streams.DONE)
    assert out.index(b'"AKIA"') < out.index(b"[DONE]")


def test_a_tail_never_repeats_the_name_of_a_tool() -> None:
    function = {"name": "write", "arguments": '{"a":"AKIA'}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    out = masked(CHAT, SSE, streams.chunk({"role": "assistant", "tool_calls": [call]}))
    assert out.count(b"write") == 1
    assert out.count(b"call_1") == 1
    assert out.count(b'"role"') == 1


def test_text_in_the_event_that_starts_a_block_belongs_to_the_block() -> None:
    start = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text", "text": SECRET[:6]},
    }
    delta = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": SECRET[6:]},
    }
    stop = {"type": "content_block_stop", "index": 0}
    out = masked(ANTHROPIC, SSE, b"".join(map(streams.named, (start, delta, stop))))
    assert SECRET[6:].encode() not in out
    assert MASK.encode() in out
    out = masked(ANTHROPIC, SSE, b"".join(map(streams.named, (start, stop))))
    names = [event.event for event in SseParser().feed(out)]
    assert names == ["content_block_start", "content_block_delta", "content_block_stop"]


def test_an_unknown_event_is_masked_in_all_its_strings() -> None:
    event = {"type": "response.brand_new", "thing": {"deep": [SECRET]}, SECRET: 1}
    assert SECRET.encode() not in masked(RESPONSES, SSE, streams.named(event))


def test_an_unknown_delta_is_masked_across_events() -> None:
    events = [
        {"type": "response.brand_new.delta", "output_index": 0, "delta": part}
        for part in (SECRET[:9], SECRET[9:])
    ]
    out = masked(RESPONSES, SSE, b"".join(map(streams.named, events)))
    assert SECRET[9:].encode() not in out
    assert MASK.encode() in out


def test_an_unknown_channel_of_a_chat_is_masked_across_chunks() -> None:
    pieces = [
        streams.chunk({"reasoning": part, "content": "x"}) for part in (SECRET[:9], SECRET[9:])
    ]
    out = masked(CHAT, SSE, b"".join(pieces))
    assert SECRET[9:].encode() not in out
    assert out.count(b'"content":"x"') == 2


def test_an_event_id_is_sent_only_when_nothing_before_it_is_held_back() -> None:
    parts = ["all ", "is AKIA", "no, ", SECRET[:8], SECRET[8:], ".", "fine"]
    events = [streams.data({"text": part}, "assistant", str(at)) for at, part in enumerate(parts)]
    answer = CURSOR.answer(SSE, RealMasking())
    out = b"".join(map(answer.feed, events))
    ids = [
        (event.event_id, json.loads(event.data or "")["text"]) for event in SseParser().feed(out)
    ]
    assert ids == [
        ("0", "all "),
        (None, "is "),
        (None, "AKIAno, "),
        (None, ""),
        (None, MASK),
        ("5", "."),
        ("6", "fine"),
    ]


def test_what_an_answer_shows_as_an_image_is_named() -> None:
    document = {"output": [{"type": "image_generation_call", "result": "A" * 400}]}
    answer = RESPONSES.answer("application/json", RealMasking())
    body = strict_json.dump(document)
    assert through(answer, [body]) == body
    assert answer.uninspected == ("/output/0/result",)


def test_words_where_an_image_should_be_are_masked() -> None:
    document = {"output": [{"type": "image_generation_call", "result": f"see {SECRET}"}]}
    assert SECRET.encode() not in masked(RESPONSES, "application/json", strict_json.dump(document))


def test_a_stream_of_gemini_that_is_one_list_is_masked_across_its_items() -> None:
    items = [
        {"candidates": [{"index": 0, "content": {"parts": [{"text": part}], "role": "model"}}]}
        for part in ("a ", SECRET[:9], SECRET[9:], " AKIA")
    ]
    out = json.loads(masked(GEMINI, "application/json", json.dumps(items).encode()))
    parts = [item["candidates"][0]["content"]["parts"][0]["text"] for item in out]
    assert "".join(parts) == f"a {MASK} AKIA"
    assert parts[-1] == "AKIA"
    spelt = json.dumps(items[:1]).encode()
    assert masked(GEMINI, "application/json", spelt) == spelt


def test_texts_without_number_do_not_fill_the_memory() -> None:
    answer = CHAT.answer(SSE, RealMasking())
    with pytest.raises(UpstreamUnavailable, match="texts at once"):
        answer.feed(b"".join(streams.chunk({"content": "x"}, index) for index in range(5000)))


def test_two_names_that_come_to_the_same_mask_are_both_kept() -> None:
    other = SECRET[:-1] + "E"
    document = {SECRET: 1, other: 2, MASK: 3}
    out = masked(PLAIN, "application/json", json.dumps(document).encode())
    assert json.loads(out) == {MASK: 1, f"{MASK} (2)": 2, f"{MASK} (3)": 3}
    assert PLAIN.rewrite(document, whole) == json.loads(out)


def test_a_tool_result_of_mcp_is_masked_in_a_stream_and_alone() -> None:
    wire = wire_for("mcp", "mcp", None)
    content = [{"type": "text", "text": SECRET}, {"type": "image", "data": "A" * 400}]
    message = {"jsonrpc": "2.0", "id": 1, "result": {"content": content}}
    stream = streams.data(message, "message", "7")
    out = masked(wire, SSE, stream)
    assert out == stream.replace(SECRET.encode(), MASK.encode())
    document = json.dumps(message).encode()
    assert SECRET.encode() not in masked(wire, "application/json", document)


@pytest.mark.parametrize("name", ["chat", "gemini"])
def test_an_error_in_a_stream_comes_after_what_was_held_and_is_masked(name: str) -> None:
    part = {"content": {"parts": [{"text": "AKIA"}]}, "index": 0}
    begun = {
        "chat": (CHAT, streams.chunk({"content": "AKIA"})),
        "gemini": (GEMINI, streams.data({"candidates": [part]})),
    }
    wire, stream = begun[name]
    out = masked(wire, SSE, stream + streams.data({"error": {"message": SECRET}}))
    assert out.index(b'"AKIA"') < out.index(MASK.encode())
    assert SECRET.encode() not in out


def test_when_to_come_back_is_kept_also_in_an_event_written_anew() -> None:
    out = masked(PLAIN, SSE, f'retry: 30\ndata: {{"note":"{SECRET}"}}\n\n'.encode())
    assert out == f'retry: 30\ndata: {{"note":"{MASK}"}}\n\n'.encode()


def test_lines_that_are_empty_lists_or_cut_off_come_through() -> None:
    body = b'\n["a"]\n["%s"]\n{"a":"b"' % SECRET.encode()
    out = masked(PLAIN, "application/jsonl", body)
    assert out == b'\n["a"]\n["%s"]\n{"a":"b"\n' % MASK.encode()


def test_a_line_without_end_passes_the_limit() -> None:
    answer = PLAIN.answer("application/x-ndjson", RealMasking())
    with pytest.raises(UpstreamUnavailable, match="line"):
        answer.feed(b"[" + b"x" * WHOLE_BYTES)


@pytest.mark.parametrize("content_type", [SSE, "application/json"])
def test_an_answer_beyond_the_limit_is_no_fault_of_the_request_and_nothing_of_it_comes(
    content_type: str,
) -> None:
    answer = PLAIN.answer(content_type, RealMasking())
    with pytest.raises(UpstreamUnavailable, match="limit"):
        answer.feed(b"data: AKIA" + b"x" * WHOLE_BYTES)
    assert answer.feed(b"data: {}\n\n") + answer.finish() == b""


def test_so_many_names_that_none_is_remembered_are_still_masked() -> None:
    document = {f"k{at}": f"v{at}" for at in range(700)} | {"last": SECRET}
    out = masked(PLAIN, "application/json", json.dumps(document).encode())
    assert json.loads(out) == {**document, "last": MASK}
