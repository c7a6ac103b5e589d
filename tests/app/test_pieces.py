from __future__ import annotations

import json
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from app.pieces import PIECE_BYTES, Cutter

LEAST = 2 * 1024
LOOKS_AHEAD = 32


def cut(whole: bytes) -> list[bytes]:
    return [piece.data for piece in Cutter(b"key", "shared").cut(whole)]


def message(number: int, size: int) -> dict[str, object]:
    said = f"message {number} " * (size // 10)
    return {"role": "user", "content": [{"type": "text", "text": said}]}


def body(messages: list[dict[str, object]], **around: object) -> bytes:
    tools = [{"name": f"tool-{n}", "description": "what it does " * 60} for n in range(12)]
    return json.dumps({"model": "m", "messages": messages, "tools": tools, **around}).encode()


@given(
    st.lists(
        st.sampled_from([b"}", b",", b"]", b'}],"', b"x" * 3_000, b"y" * 300_000]), max_size=40
    )
)
def test_pieces_join_to_the_whole_and_none_is_too_large_or_needlessly_small(
    parts: list[bytes],
) -> None:
    whole = b"".join(parts)
    pieces = cut(whole)
    assert b"".join(pieces) == whole
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    assert all(len(piece) > LEAST // 4 for piece in pieces[:-1])
    # However many places there are to cut, the list of names stays short.
    assert len(pieces) <= 4 * 256 + len(whole) // PIECE_BYTES


@given(st.lists(st.integers(50, 9_000), min_size=1, max_size=30), st.data())
def test_bodies_are_cut_alike_as_far_as_they_are_alike(
    sizes: list[int], data: st.DataObject
) -> None:
    said = [message(*one) for one in enumerate(sizes)]
    at = data.draw(st.integers(0, len(said)))
    one, other = body(said), body([*said[:at], message(1_000, 3_000), *said[at:]])
    differ = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    alike = next(differ) - LOOKS_AHEAD
    ends = [set(accumulate(map(len, cut(each)))) for each in (one, other)]
    assert {end for end in ends[0] if end <= alike} == {end for end in ends[1] if end <= alike}


def test_what_follows_a_list_is_cut_alike_however_long_that_is() -> None:
    said = [message(number, 5_000) for number in range(9)]
    before = set(cut(body(said)))
    new = [piece for piece in cut(body([*said, message(9, 5_000)])) if piece not in before]
    assert sum(map(len, new)) < 5_000 + LEAST


def test_what_no_other_body_repeats_is_not_cut_small() -> None:
    whole = body([message(1, 100_000)])
    assert len(Cutter(b"key", "shared", repeated=False).cut(whole)) == 1
    assert len(cut(whole)) > 1
