from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import TooLarge
from app.wire.answer.sse import SseEvent, SseParser, comment, encode
from tests.app.wire.answer.test_choose import CHAT, SSE
from tests.app.wire.masking import MASK, SECRET, RealMasking, cut, through

PARSED: dict[bytes, list[tuple[str, str | None, str | None, int | None]]] = {
    b"data: a\n\n": [("", "a", None, None)],
    b"data:a\r\n\r\n": [("", "a", None, None)],
    b"data:  a\r\r": [("", " a", None, None)],
    b"data: a\ndata: b\ndata\n\n": [("", "a\nb\n", None, None)],
    b"event: e\nid: 7\nretry: 10\ndata: x\n\n": [("e", "x", "7", 10)],
    b"\xef\xbb\xbfdata: a\n\n": [("", "a", None, None)],
    b"data: a\n\ndata: b\n\n": [("", "a", None, None), ("", "b", None, None)],
    b"id\ndata: a\n\n": [("", "a", "", None)],
    b"retry: soon\nid: a\0b\ndata: x\n\n": [("", "x", None, None)],
    b"data: caf\xc3\xa9\n\n": [("", "caf\u00e9", None, None)],
    b"data: a\n": [],
    b"event: only\n\n": [("only", None, None, None)],
}


def fields(event: SseEvent) -> tuple[str, str | None, str | None, int | None]:
    return event.event, event.data, event.event_id, event.retry


@pytest.mark.parametrize(("stream", "expected"), PARSED.items())
def test_events_are_read_as_the_standard_says(
    stream: bytes, expected: list[tuple[str, str | None, str | None, int | None]]
) -> None:
    assert [fields(event) for event in SseParser().feed(stream)] == expected


STREAM = (
    b"\xef\xbb\xbf: hello\n\nevent: a\r\ndata: caf\xc3\xa9\r\ndata: \xf0\x9f\x98\x80\r\n\r\n"
    b"data: x\rdata: y\r\rid: 3\ndata:\n\n\n: bye\ndata: cut off"
)


@given(st.lists(st.integers(0, len(STREAM))))
@example(list(range(len(STREAM))))
def test_however_the_bytes_are_cut_the_events_are_the_same(places: list[int]) -> None:
    whole, parts = SseParser(), SseParser()
    expected = [(*fields(event), event.comment) for event in whole.feed(STREAM)]
    found = [
        (*fields(event), event.comment)
        for piece in cut(STREAM, places)
        for event in parts.feed(piece)
    ]
    spoken = [event for event in found if any(part is not None for part in event[1:])]
    assert spoken == [event for event in expected if any(part is not None for part in event[1:])]
    last, same = parts.finish(), whole.finish()
    assert last is not None
    assert same is not None
    assert last.data == same.data == "cut off"


@given(st.lists(st.integers(0, 100)))
def test_the_raw_bytes_of_all_events_join_to_the_stream(places: list[int]) -> None:
    stream = b": hi\n\nevent: a\ndata: \xe2\x82\xac\n\ndata: b\ndata: c\n\n"
    parser = SseParser()
    events = [event for piece in cut(stream, places) for event in parser.feed(piece)]
    assert b"".join(event.raw for event in events) == stream
    assert all(event.exact for event in events)


CHUNK = '{"id":"c","choices":[{"index":0,"delta":{"content":%s},"finish_reason":null}]}'
ENDS = {
    "lf": ("\n", "\n"),
    "cr": ("\r", "\r"),
    "crlf": ("\r\n", "\r\n"),
    "mixed": ("\n", "\r\n"),
    "mixed the other way": ("\r\n", "\n"),
    "mark": ("\n", "\n"),
}


@pytest.mark.parametrize("name", ENDS)
def test_what_goes_out_does_not_hang_on_where_the_stream_was_cut(name: str) -> None:
    line, blank = ENDS[name]
    words = ("alpha ", "b\u00e9ta ", f"see {SECRET}", " \u5929\u6c14", "omega")
    chunks = [f"data: {CHUNK % json.dumps(word)}{line}{blank}" for word in words]
    chunks[2:2] = [f": wait{line}", f"event: x{line}id: 1{line}data: {{}}{line}{blank}"]
    mark = "\ufeff" if name == "mark" else ""
    stream = (mark + "".join(chunks) + f"data: [DONE]{line}{blank}").encode()
    whole = through(CHAT.answer(SSE, RealMasking()), [stream])
    assert MASK.encode() in whole
    assert whole.startswith(f"data: {CHUNK % json.dumps(words[0])}{line}{blank}".encode())
    for at in range(1, len(stream)):
        answer = CHAT.answer(SSE, RealMasking())
        assert through(answer, [stream[:at], stream[at:]]) == whole, stream[:at]
    answer = CHAT.answer(SSE, RealMasking())
    assert through(answer, cut(stream, list(range(len(stream))))) == whole


@pytest.mark.parametrize("stream", [*PARSED, b"event: \xff\ndata: a\n\n", b"event:e\ndata: a\n\n"])
def test_an_event_that_comes_alone_is_read_as_one_that_comes_in_pieces(stream: bytes) -> None:
    whole, pieces = SseParser(), SseParser()
    for parser in (whole, pieces):
        parser.feed(b"data: begun\n\n")
    alone = [whole.feed(stream), whole.feed(stream)]
    bytewise = [pieces.feed(bytes([byte])) for byte in stream * 2]
    assert read(alone) == read(bytewise)


def read(fed: list[list[SseEvent]]) -> list[SseEvent]:
    """Return what was read, without the bytes: the end of an event may come after it."""
    return [event._replace(raw=b"") for events in fed for event in events if not event.belated]


def test_a_comment_does_not_wait_for_the_event_after_it() -> None:
    (event,) = SseParser().feed(b": waiting\n")
    assert event.comment == " waiting"


def test_bytes_that_are_not_utf8_or_not_known_are_not_exact() -> None:
    invalid, unknown = SseParser().feed(b"data: \xff\n\ndata: a\nsecret: b\n\n")
    assert (invalid.data, invalid.exact) == ("\N{REPLACEMENT CHARACTER}", False)
    assert (unknown.data, unknown.exact) == ("a", False)


@pytest.mark.parametrize("piece", [b"x" * 10, b"data: x\n"])
def test_an_event_without_end_passes_the_limit(piece: bytes) -> None:
    parser = SseParser(max_event_bytes=100)
    assert [parser.feed(piece) for _ in range(100 // len(piece))]
    with pytest.raises(TooLarge, match="100 bytes"):
        parser.feed(piece)


def test_many_events_never_pass_the_limit() -> None:
    parser = SseParser(max_event_bytes=100)
    assert sum(len(parser.feed(b"data: abc\n\n")) for _ in range(100)) == 100


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_what_is_written_reads_back_on_lines_of_its_own(data: str, name: str) -> None:
    (event,) = SseParser().feed(encode(data, event=name, event_id="1"))
    assert event.data is not None
    assert event.data.split("\n") == (data.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert "\n" not in event.event
    assert event.event_id == "1"


def test_a_comment_cannot_break_out_of_its_line() -> None:
    (event, _) = SseParser().feed(comment("a\ndata: b"))
    assert event.comment == " a data: b"
