"""Tool calls in a stream of Anthropic Messages, kept back until they are ruled on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.tool_call import ToolCall
from app.wire.apis.anthropic import ANTHROPIC
from app.wire.calls.base import Passed, Replaced
from app.wire.calls.streams.anthropic import AnthropicStream
from tests.app.wire.calls.answers.messages import (
    BLOCKS,
    PING,
    Block,
    arguments,
    expected,
    made,
    read,
    reader,
    run,
    shown,
)
from tests.app.wire.calls.law import COMMENT, CUTS, LIMIT, RULINGS, TIMINGS, Timing, driven
from tests.app.wire.masking import MASK, SECRET, RealMasking, cut, through

if TYPE_CHECKING:
    from app.wire.calls.base import Ruling


ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(blocks=BLOCKS, rulings=RULINGS, timing=TIMINGS, named=st.booleans(), end=ENDS)
@settings(max_examples=300, deadline=None)
def test_cuts_and_the_times_of_rulings_change_nothing_and_nothing_is_out_before_its_ruling(
    blocks: list[Block],
    rulings: list[Ruling],
    timing: Timing,
    named: bool,  # noqa: FBT001
    end: bytes,
) -> None:
    stream = made(blocks) if named else without_names(made(blocks))
    stream = stream.replace(b"\n", end)
    out = run(blocks, rulings, timing, stream)
    assert out == run(blocks, rulings, stream=stream)
    message = read(out)
    assert (shown(message), message["stop_reason"]) == expected(blocks, rulings)


def without_names(stream: bytes) -> bytes:
    return re.sub(rb"event: .*\n", b"", stream)


@pytest.mark.parametrize("end", [b"\r\n", b"\r"], ids=ascii)
def test_a_line_end_that_is_cut_leaves_nothing_behind_where_a_call_is_replaced(end: bytes) -> None:
    blocks, rulings = [Block(call="held_bash"), Block("so")], [Replaced("no")] * 6
    stream = made(blocks).replace(b"\n", end)
    expected_out = run(blocks, rulings, stream=stream)
    for at in range(1, len(stream)):
        assert run(blocks, rulings, Timing([at]), stream) == expected_out


def test_a_call_is_seen_wherever_its_event_is_cut() -> None:
    stream = without_names(made([Block("so"), Block(call="held_bash")]))
    begins = stream.rindex(b'data: {"type":"content_block_start"')
    for at in range(begins, len(stream)):
        torn = reader()
        torn.feed(stream[:begins])
        torn.feed(stream[begins:at])
        assert b"held_bash" not in torn.flow()
        torn.feed(stream[at:])
        assert len(torn.calls) == 1
        assert b"held_bash" not in torn.flow()


@given(blocks=BLOCKS, timing=TIMINGS)
@settings(max_examples=100, deadline=None)
def test_an_answer_of_which_all_is_passed_is_the_same_bytes(
    blocks: list[Block], timing: Timing
) -> None:
    whole = made(blocks)
    for stream in (whole, whole.replace(b"\n", b"\r\n"), made(blocks, "tool_use")):
        assert run(blocks, [Passed()] * 6, timing, stream) == stream


@given(blocks=BLOCKS, cuts=TIMINGS)
@settings(max_examples=100, deadline=None)
def test_a_stream_of_whose_calls_none_is_wanted_passes_at_once(
    blocks: list[Block], cuts: Timing
) -> None:
    stream = made(blocks)
    whole = AnthropicStream(lambda _: False, limit=LIMIT, alive=COMMENT)
    whole.feed(stream)
    assert whole.flow() == stream
    assert whole.calls == ()
    pieces = AnthropicStream(lambda _: False, limit=LIMIT, alive=COMMENT)
    assert driven(pieces, stream, lambda _: Passed(), cuts, {}) == stream


def test_calls_say_their_tool_arguments_and_id() -> None:
    stream = reader()
    stream.feed(
        made(
            [
                Block("so"),
                Block(call="read"),
                Block(call="held_b"),
                Block(call="held_w", provider=True),
            ]
        )
    )
    assert stream.calls == (
        ToolCall("held_b", arguments(2), "toolu_2"),
        ToolCall("held_w", arguments(3), "toolu_3", by_provider=True),
    )


def test_a_text_before_a_call_is_not_delayed() -> None:
    stream = made([Block("so it is"), Block(call="held_bash")])
    begins = stream.index(b"event: content_block_start", stream.index(b'"index":0'))
    for piece in range(stream.index(PING), len(stream)):
        read_along = reader()
        read_along.feed(stream[:piece])
        whole_events = stream.rfind(b"\n\n", 0, piece) + 2
        assert read_along.flow() == stream[: min(whole_events, begins)]


def test_what_is_kept_is_told() -> None:
    stream = reader()
    text, call = made([Block("so"), Block(call="held_bash")]).split(b"event: content_block_start")[
        1:
    ]
    stream.feed(b"event: content_block_start" + text)
    assert not stream.keeps
    stream.feed(b"event: content_block_start" + call)
    assert stream.keeps
    stream.rule(0, Passed())
    assert not stream.keeps


@given(rulings=RULINGS, timing=TIMINGS, places=CUTS)
@settings(max_examples=60, deadline=None)
def test_what_comes_out_is_masked_as_ever(
    rulings: list[Ruling], timing: Timing, places: list[int]
) -> None:
    blocks = [Block(SECRET), Block(call="held_a"), Block(f"so {SECRET}"), Block(call="read")]
    out = run(blocks, rulings, timing)
    masked = through(ANTHROPIC.answer("text/event-stream", RealMasking()), cut(out, places))
    seen, reason = expected(blocks, rulings)
    assert shown(read(masked)) == [
        tuple(text.replace(SECRET, MASK) for text in block) for block in seen
    ]
    assert read(masked)["stop_reason"] == reason
