"""Tool calls in a stream of OpenAI Responses, kept back until they are ruled on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from app.wire.calls.base import Passed
from app.wire.calls.streams.responses import ResponsesStream
from tests.app.wire.calls.answers.responses import (
    ITEMS,
    MIXED,
    USAGE,
    Item,
    expected,
    made,
    read,
    run,
    without_ids,
)
from tests.app.wire.calls.law import COMMENT, LIMIT, RULINGS, TIMINGS, Timing, driven

if TYPE_CHECKING:
    from app.wire.calls.base import Ruling


@given(items=ITEMS, rulings=RULINGS, mixed=st.none() | MIXED, timing=TIMINGS)
@settings(max_examples=200, deadline=None)
def test_cuts_and_the_times_of_rulings_change_nothing_and_nothing_is_out_before_its_ruling(
    items: list[Item], rulings: list[Ruling], mixed: list[int] | None, timing: Timing
) -> None:
    out = run(items, rulings, mixed, timing)
    assert out == run(items, rulings, mixed)
    seen, final = read(out)
    assert without_ids(seen) == expected(items, rulings)
    assert final["output"] == seen
    assert (final["status"], final["usage"]) == ("completed", USAGE)


@given(items=ITEMS, timing=TIMINGS)
@settings(max_examples=50, deadline=None)
def test_an_answer_of_which_all_is_passed_is_the_same_bytes(
    items: list[Item], timing: Timing
) -> None:
    assert run(items, [Passed()] * 6, None, timing) == made(items)


@given(items=ITEMS, mixed=MIXED, timing=TIMINGS)
@settings(max_examples=50, deadline=None)
def test_a_stream_of_whose_calls_none_is_wanted_passes_at_once(
    items: list[Item], mixed: list[int], timing: Timing
) -> None:
    stream = made(items, mixed)
    whole_stream = ResponsesStream(lambda _: False, limit=LIMIT, alive=COMMENT)
    whole_stream.feed(stream)
    assert whole_stream.flow() == stream
    assert whole_stream.calls == ()
    cut = ResponsesStream(lambda _: False, limit=LIMIT, alive=COMMENT)
    assert driven(cut, stream, lambda _: Passed(), timing, {}) == stream
