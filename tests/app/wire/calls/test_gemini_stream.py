"""Tool calls in a stream of Gemini, kept back until they are ruled on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.streams.gemini import GeminiStream
from tests.app.wire.calls.answers.geminis import (
    ANSWERS,
    NEWLINE,
    SIGNATURE,
    Part,
    Said,
    asked,
    chunk,
    expected,
    made,
    read,
    reader,
    run,
)
from tests.app.wire.calls.law import LIMIT, RULINGS, TIMINGS, Timing, driven

if TYPE_CHECKING:
    from app.wire.calls.base import Ruling


@given(answer=ANSWERS, rulings=RULINGS, timing=TIMINGS)
@settings(max_examples=200, deadline=None)
def test_cuts_and_the_times_of_rulings_change_nothing_and_nothing_is_out_before_its_ruling(
    answer: list[Said], rulings: list[Ruling], timing: Timing
) -> None:
    out = run(answer, rulings, timing)
    assert out == run(answer, rulings)
    assert read(out) == (expected(answer, rulings), "STOP")


@given(answer=ANSWERS, timing=TIMINGS)
@settings(max_examples=50, deadline=None)
def test_an_answer_of_which_all_is_passed_is_the_same_bytes(
    answer: list[Said], timing: Timing
) -> None:
    apart = [Said(said.text, said.call, said.thought, False, said.in_pieces) for said in answer]
    assert run(apart, [Passed()] * 6, timing) == made(apart)


@given(answer=ANSWERS, timing=TIMINGS)
@settings(max_examples=50, deadline=None)
def test_a_stream_of_whose_calls_none_is_wanted_passes_at_once(
    answer: list[Said], timing: Timing
) -> None:
    stream = made(answer)
    whole = GeminiStream(lambda _: False, limit=LIMIT, alive=NEWLINE)
    whole.feed(stream)
    assert whole.flow() == stream
    assert whole.calls == ()
    cut = GeminiStream(lambda _: False, limit=LIMIT, alive=NEWLINE)
    assert driven(cut, stream, lambda _: Passed(), timing, {}) == stream


@given(answer=ANSWERS)
@settings(max_examples=50, deadline=None)
def test_arguments_are_put_together_from_their_pieces(answer: list[Said]) -> None:
    stream = reader()
    stream.feed(made(answer))
    held = [at for at, said in enumerate(answer) if said.is_held]
    assert [json.loads(call.arguments) for call in stream.calls] == [asked(at) for at in held]
    assert [call.call_id for call in stream.calls] == [f"call_{at}" for at in held]


@pytest.mark.parametrize("apart", [True, False], ids=["apart", "together"])
@pytest.mark.parametrize(
    "ruling", [Passed(), Changed('{"command":"ls"}', "")], ids=["as it is", "changed"]
)
def test_the_next_call_has_the_signature_of_one_that_is_replaced(
    ruling: Ruling, *, apart: bool
) -> None:
    """Google refuses a turn in which the first of several calls has none."""
    calls: list[Part] = [
        {"functionCall": {"name": "held_bash", "args": {"command": f"mark{at}"}}} for at in range(3)
    ]
    calls[0]["thoughtSignature"] = SIGNATURE
    listed = [[call] for call in calls] if apart else [calls]
    answer = b"".join(chunk(parts, {}) for parts in listed) + chunk([{"text": ""}], {}, "STOP")
    rulings: list[Ruling] = [Replaced("It was denied."), ruling, Passed()]
    out = driven(reader(), answer, lambda number: rulings[number], Timing(), {})
    seen, _ = read(out)
    assert [one[2] for one in seen if one[0] == "held_bash"] == [SIGNATURE, None]
