"""Tool calls in a stream of OpenAI Chat Completions, kept back until they are ruled on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings

from app.wire.calls.base import Passed
from app.wire.calls.streams.chat import ChatStream
from tests.app.wire import streams
from tests.app.wire.calls.answers.chats import MIXED, Said, answers, expected, made, read, run, same
from tests.app.wire.calls.law import COMMENT, LIMIT, RULINGS, TIMINGS, Timing, driven

if TYPE_CHECKING:
    from app.wire.calls.base import Ruling


@given(answer=answers(), rulings=RULINGS, mixed=MIXED, timing=TIMINGS)
@settings(max_examples=200, deadline=None)
def test_cuts_and_the_times_of_rulings_change_nothing_and_nothing_is_out_before_its_ruling(
    answer: list[Said], rulings: list[Ruling], mixed: list[int], timing: Timing
) -> None:
    out = run(answer, rulings, mixed, timing)
    assert out == run(answer, rulings, mixed)
    assert same(read(out), expected(answer, rulings))
    assert out.endswith(streams.USAGE + streams.DONE)


@given(answer=answers(), timing=TIMINGS)
@settings(max_examples=50, deadline=None)
def test_an_answer_of_which_all_is_passed_is_the_same_bytes(
    answer: list[Said], timing: Timing
) -> None:
    assert run(answer, [Passed()] * 6, None, timing) == made(answer)


@given(answer=answers(), mixed=MIXED)
@settings(max_examples=50, deadline=None)
def test_calls_that_came_mixed_pass_one_after_another_with_the_same_events(
    answer: list[Said], mixed: list[int]
) -> None:
    out, stream = run(answer, [Passed()] * 6, mixed), made(answer, mixed)
    assert sorted(out.split(b"\n\n")) == sorted(stream.split(b"\n\n"))


@given(answer=answers(), mixed=MIXED, timing=TIMINGS)
@settings(max_examples=50, deadline=None)
def test_a_stream_of_whose_calls_none_is_wanted_passes_at_once(
    answer: list[Said], mixed: list[int], timing: Timing
) -> None:
    stream = made(answer, mixed)
    whole = ChatStream(lambda _: False, limit=LIMIT, alive=COMMENT)
    whole.feed(stream)
    assert whole.flow() == stream
    assert whole.calls == ()
    cut = ChatStream(lambda _: False, limit=LIMIT, alive=COMMENT)
    assert driven(cut, stream, lambda _: Passed(), timing, {}) == stream
