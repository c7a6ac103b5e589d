"""Gemini's stream without `alt=sse` is one JSON array, and grows as any stream does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UpstreamUnavailable
from tests.app.wire.answer.test_choose import GEMINI, MASK, SECRET
from tests.app.wire.masking import RealMasking

JSON = "application/json"


def item(text: str, **more: str) -> str:
    part = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **more}
    return json.dumps({"candidates": [part]}, indent=1)


def out_of(*pieces: str | bytes) -> list[str]:
    """Return what each piece lets out, and last what the end does."""
    answer = GEMINI.answer(JSON, RealMasking())
    fed = [answer.feed(piece.encode() if isinstance(piece, str) else piece) for piece in pieces]
    return [data.decode() for data in (*fed, answer.finish())]


def test_each_item_goes_out_as_soon_as_it_is_there_and_as_it_came() -> None:
    first, last = item("Hello, "), item("you", finishReason="STOP")
    pieces = (f"[{first[:40]}", first[40:], "\n,\r\n", last, "\n]\n")
    assert out_of(*pieces) == ["", f"[{first}", "", f"\n,\r\n{last}", "\n]\n", ""]


def test_a_secret_across_items_is_masked_and_the_array_stays_one() -> None:
    pieces = [
        f"[{item('a ')}",
        f",{item(SECRET[:9])}",
        f",{item(SECRET[9:])}",
        f",{item(' AKIA')}]",
    ]
    said = json.loads("".join(out_of(*pieces)))
    texts = [each["candidates"][0]["content"]["parts"][0]["text"] for each in said]
    assert "".join(texts) == f"a {MASK} AKIA"


@pytest.mark.parametrize("body", ["[]", " [ ]\n", "[\n\n]", '["a", 1, null, {}, [[]], "\\"]"]'])
def test_an_odd_array_passes_as_it_came(body: str) -> None:
    assert "".join(out_of(body)) == body


@given(st.data())
def test_every_cut_gives_the_same(data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.text(alphabet='a"\\{}[],é\n AKI', max_size=9), max_size=4))
    body = f"[{' , '.join([*map(item, texts), json.dumps(SECRET)])} ]".encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    # The first bytes tell what an answer is, so what went out by when may differ; not what.
    assert "".join(out_of(*pieces)) == "".join(out_of(body))


@pytest.mark.parametrize("body", ['[{"a": 1}] {', '[{"a": tru}]', "[{]}", "[\xff]"])
def test_what_is_no_array_after_all_is_not_passed_on(body: str) -> None:
    with pytest.raises(UpstreamUnavailable):
        out_of(body.encode("latin-1"))


def test_an_array_that_breaks_off_is_left_open() -> None:
    first = item("Hello, ")
    assert "".join(out_of(f"[{first}", ',{"candid')) == f"[{first}"
