from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from app.pieces import PIECE_BYTES, Cutter

LEAST = 2 * 1024


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
def test_what_two_bodies_share_makes_the_same_pieces(sizes: list[int], data: st.DataObject) -> None:
    said = [message(*one) for one in enumerate(sizes)]
    at = data.draw(st.integers(0, len(said)))
    more = [*said[:at], message(1_000, 3_000), *said[at:]]
    before = set(cut(body(said)))
    new = [piece for piece in cut(body(more)) if piece not in before]
    # What is new, and at most the message before it and some that are too small for a cut.
    assert sum(map(len, new)) <= 3_000 + max(sizes) + 6 * LEAST


def test_what_no_other_body_repeats_is_not_cut_small() -> None:
    whole = body([message(1, 100_000)])
    assert len(Cutter(b"key", "shared", repeated=False).cut(whole)) == 1
    assert len(cut(whole)) > 1
