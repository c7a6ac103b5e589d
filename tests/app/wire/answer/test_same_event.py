"""Events that are like the one before are masked as any other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wire.answer.same_event import likeness
from app.wire.answer.sse import SseParser
from tests.app.wire import streams
from tests.app.wire.answer.test_choose import CHAT, SSE, masked
from tests.app.wire.masking import SECRET, RealMasking, leaks, through, whole

PIECES = st.text(st.sampled_from(' ,:{}[]"\\etru1.-aZé\u200b\n\x7f日'), max_size=4)


@settings(deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=4), st.integers(0, 3), PIECES)
def test_the_place_of_a_piece_is_found_or_none_is(texts: list[str], at: int, other: str) -> None:
    def spelt(piece: str) -> bytes:
        values = [*texts]
        values[at % len(texts)] = piece
        return streams.data({"n": 1.5, "texts": values, "": True})

    piece = texts[at % len(texts)]
    found = likeness(spelt(piece), piece)
    if found is not None:
        assert found.around(other) == spelt(other)
        assert found.piece(spelt(other)) in {other, None}
        assert found.piece(spelt(other) + b"data: x\n\n") is None
        length = len(spelt(other))
        assert found.first(spelt(piece) + spelt(other), len(spelt(piece))) in (
            (other, len(spelt(piece)) + length),
            None,
        )


@pytest.mark.parametrize("piece", ["", ",", ":", "],["])
def test_a_piece_that_could_be_elsewhere_shows_no_place(piece: str) -> None:
    assert likeness(streams.data({"id": "x", "text": piece}), piece) is None
    assert likeness(streams.data({"id": " the", "text": " the"}), " the") is None
    for told in (" the", "true", "1", "0.5,", "[", '"', "\\", "a\n", "\u200b"):
        assert likeness(streams.data({"id": "x", "text": told}), told) is not None


def test_an_event_with_more_in_it_is_not_alike() -> None:
    found = likeness(streams.data({"text": " the"}), " the")
    assert found is not None
    assert found.piece(streams.data({"text": "a", "more": "b"})) is None
    assert (
        found.piece(streams.data({"text": "a"})[:-2] + b"\n" + streams.data({"text": "b"})) is None
    )
    both = [{"content": "so "}, {"content": SECRET[:9], "role": SECRET}, {"content": SECRET[9:]}]
    assert not leaks(masked(CHAT, SSE, b"".join(map(streams.chunk, both))))


@pytest.mark.parametrize("piece", ["so ", "AK", SECRET])
def test_a_secret_beside_a_piece_is_masked_in_each_event_that_repeats_it(piece: str) -> None:
    choices = [{"index": 0, "delta": {"content": piece}}]
    event = streams.data({"id": SECRET, "object": "chat.completion.chunk", "choices": choices})
    assert not leaks(masked(CHAT, SSE, event * 4))
    assert not leaks(through(CHAT.answer(SSE, RealMasking()), [event] * 4))


SAID = st.sampled_from(["so ", " it", SECRET, *SECRET, '"', "\\", "\n", "é", "\u200b"])


@settings(deadline=None)
@given(SAID, st.lists(SAID, min_size=1))
def test_events_that_come_together_go_out_as_those_that_come_one_by_one(
    begun: str, pieces: list[str]
) -> None:
    first, *others = [streams.chunk({"content": piece}) for piece in [begun, *pieces]]
    together = through(CHAT.answer(SSE, RealMasking()), [first, b"".join(others)])
    assert together == through(CHAT.answer(SSE, RealMasking()), [first, *others])


@settings(deadline=None)
@given(SAID, st.lists(SAID))
def test_many_events_that_are_alike_say_what_masking_the_whole_gives(
    begun: str, pieces: list[str]
) -> None:
    said = [begun, *pieces]
    out = masked(CHAT, SSE, b"".join(streams.chunk({"content": piece}) for piece in said))
    assert not leaks(out)
    events = [json.loads(event.data or "") for event in SseParser().feed(out)]
    text = "".join(event["choices"][0]["delta"]["content"] for event in events)
    assert text == whole("".join(said))
