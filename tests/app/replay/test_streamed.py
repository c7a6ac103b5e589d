"""A stream is read fast where its events are alike, and says what each event says by itself."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay import answer_text, streamed
from app.replay.streamed import StreamPieces
from app.wire.answer.sse import SseParser
from app.wire.reading import loosely
from tests.app.replay.test_transcript import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.wire.reading import TextPiece

TEXTS = st.text(max_size=6) | st.sampled_from(
    ['"', "\\", "\n", "\n\n", "é", "😀", "\ud800", "{}", "0", "content", "text_delta", "\\u0041"]
)


def chat(text: str, **more: str) -> bytes:
    event = {"id": "c1", "choices": [{"index": 0, "delta": {"content": text}}], **more}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def anthropic(text: str) -> bytes:
    delta = {"type": "text_delta", "text": text}
    event = {"type": "content_block_delta", "index": 0, "delta": delta}
    return b"event: content_block_delta\ndata: " + json.dumps(event).encode() + b"\n\n"


def compact(text: str) -> bytes:
    event = {"choices": [{"index": 0, "delta": {"content": text}}]}
    spelt = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return b"data:" + spelt.encode("utf-8", "replace") + b"\n\n"


def call(text: str) -> bytes:
    made = [{"index": 0, "function": {"name": "run", "arguments": text}}]
    event = {"choices": [{"index": 0, "delta": {"tool_calls": made}}]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


EVENTS = st.one_of(
    *(st.builds(make, TEXTS) for make in (chat, anthropic, compact, call)),
    st.builds(lambda text, other: chat(text, note=other), TEXTS, TEXTS),
    st.sampled_from(
        [
            b": ping\n\n",
            b"data: [DONE]\n\n",
            b"data: {\n\n",
            b"\n",
            chat("x").replace(b"\n", b"\r\n"),
        ]
    ),
)


def joined(pieces: Iterable[TextPiece]) -> list[tuple[object, str]]:
    """Return each text as far as nothing else is said between its pieces."""
    by_key = groupby(pieces, lambda piece: (repr(piece.key), piece.kind, piece.tool))
    return [(key, "".join(piece.text for piece in same)) for key, same in by_key]


def one_by_one(data: bytes) -> list[TextPiece]:
    parser = SseParser()
    events = [*parser.feed(data), *filter(None, [parser.finish()])]
    return [
        piece
        for event in events
        for piece in answer_text.of_event(event.event, loosely(event.data) if event.data else None)
    ]


def read(pieces: Sequence[bytes]) -> list[TextPiece]:
    stream = StreamPieces()
    return [piece for data in pieces for piece in stream.feed(data)] + [*stream.finish()]


@given(st.lists(EVENTS, max_size=12), st.lists(st.integers(1, 200), max_size=8))
def test_it_says_what_each_event_says(events: list[bytes], cuts: list[int]) -> None:
    data = b"".join(events)
    pieces, rest = [], data
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert joined(read([*pieces, rest])) == joined(one_by_one(data))


@pytest.mark.parametrize("name", STREAMS)
def test_every_api_says_the_same_when_its_events_come_again(name: str) -> None:
    data = STREAMS[name][0] * 3
    assert joined(read([data])) == joined(one_by_one(data))


def test_a_member_that_says_the_same_is_not_taken_for_the_text() -> None:
    def event(note: str) -> bytes:
        # The text is spelt otherwise than the note, and stays the same.
        start = b'data: {"note": "%s", "choices": [{"index": 0, "delta": ' % note.encode()
        return start + b'{"content": "\\u0041bc"}}]}\n\n'

    stream = b"".join(map(event, ["Abc", "Def", "Ghi", "Jkl"]))
    assert joined(read([stream])) == joined(one_by_one(stream))


def test_what_ends_an_event_that_was_cut_is_not_taken_for_one() -> None:
    sent = [*map(chat, ["one ", "two ", "three "]), b'data: {"cut": ', chat("four "), chat("five ")]
    assert joined(read(sent)) == joined(one_by_one(b"".join(sent)))
    assert "four" not in str(read(sent))


def test_events_that_are_alike_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []

    def counting(data: str) -> object:
        parsed.append(data)
        return loosely(data)

    monkeypatch.setattr(streamed, "loosely", counting)
    words = [f"word {number}, " for number in range(500)]
    [(_, text)] = joined(read([chat(word) for word in words]))
    assert text == "".join(words)
    assert len(parsed) == 2
