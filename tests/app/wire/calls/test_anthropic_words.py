"""What is said in a stream of Anthropic Messages while a call is kept, and how it is stopped."""

from __future__ import annotations

import json

import pytest

from app.wire.apis.anthropic import NO_NEWS
from app.wire.calls.base import Passed, Replaced
from tests.app.wire import streams
from tests.app.wire.calls.answers.messages import (
    PING,
    Block,
    arguments,
    made,
    read,
    reader,
    shown,
)
from tests.app.wire.calls.law import COMMENT
from tests.app.wire.law import events


@pytest.mark.parametrize("left", [True, False], ids=["a call went on before", "no call did"])
def test_an_answer_is_stopped_with_an_end_of_turn_that_fits(left: bool) -> None:  # noqa: FBT001
    stream = reader()
    stream.feed(made([Block("so"), Block(call="held_a"), Block(call="held_b"), Block("later")]))
    stream.rule(0, Passed() if left else Replaced("no"))
    out = stream.flow() + stream.stop("Still waiting.")
    message = read(out)
    before = ("tool_use", "toolu_1", "held_a", arguments(1)) if left else ("text", "no")
    assert shown(message) == [("text", "so"), before, ("text", "Still waiting.")]
    assert message["stop_reason"] == ("tool_use" if left else "end_turn")
    assert b'"output_tokens":9' in out
    assert out.endswith(b'"message_stop"}\n\n')
    stream.feed(PING)
    stream.finish()
    assert (stream.flow(), stream.say("x"), stream.alive(), stream.keeps) == (b"", b"", b"", False)


def test_an_answer_is_stopped_where_a_text_is_open() -> None:
    stream = reader()
    stream.feed(made([Block("so it is")]).partition(b"event: content_block_stop")[0])
    message = read(stream.stop("Stopped."))
    assert shown(message) == [("text", "so it is"), ("text", "Stopped.")]
    assert message["stop_reason"] == "end_turn"


def test_a_stop_does_not_finish_a_call_of_which_only_a_part_has_gone_on() -> None:
    stream = reader()
    stream.feed(made([Block(call="read")]).partition(b"event: content_block_stop")[0])
    stream.flow()
    (name, data), *rest = events(stream.stop("Stopped.").decode())
    assert (name, json.loads(data)["error"]["message"], rest) == ("error", "Stopped.", [])


def test_an_answer_that_has_not_begun_is_stopped_with_a_message_of_its_own() -> None:
    message = read(reader().stop("Stopped."))
    assert shown(message) == [("text", "Stopped.")]
    assert message["role"] == "assistant"


def test_nothing_follows_on_the_end_of_an_answer() -> None:
    stream = reader(NO_NEWS)
    stream.feed(made([Block("so")]))
    stream.flow()
    assert (stream.say("x"), stream.alive(), stream.stop("x")) == (b"", b"", b"")


@pytest.mark.parametrize("ping", [True, False], ids=["signs of life between", "pieces alone"])
def test_a_text_is_said_before_what_is_kept_and_moves_the_rest(ping: bool) -> None:  # noqa: FBT001
    stream = reader(NO_NEWS)
    blocks = [Block("so"), Block(call="held_a", ping=ping), Block(call="read"), Block("end")]
    stream.feed(made(blocks))
    out = stream.say("Waiting.") + stream.alive() + stream.say("Still waiting.")
    stream.rule(0, Passed())
    message = read(out + stream.flow())
    assert shown(message) == [
        ("text", "so"),
        ("text", "Waiting."),
        ("text", "Still waiting."),
        ("tool_use", "toolu_1", "held_a", arguments(1)),
        ("tool_use", "toolu_2", "read", arguments(2)),
        ("text", "end"),
    ]
    assert message["stop_reason"] == "tool_use"


def test_after_a_text_was_said_later_pieces_are_moved_too() -> None:
    stream = reader()
    call, end = made([Block(call="held_a"), Block("end")]).split(b'"index":0}\n\n')
    stream.feed(call + b'"index":0}\n\n')
    out = stream.say("Waiting.")
    stream.rule(0, Replaced("no"))
    for line in end.splitlines(keepends=True):
        stream.feed(line)
        out += stream.flow()
    assert shown(read(out)) == [("text", "Waiting."), ("text", "no"), ("text", "end")]


def test_nothing_is_said_and_no_event_sent_where_it_would_not_fit() -> None:
    start, open_text = made([Block("so it is")]).split(PING)
    stream = reader(NO_NEWS)
    assert (stream.say("x"), stream.alive()) == (b"", b"")
    assert reader(COMMENT).alive() == COMMENT
    stream.feed(start)
    assert stream.alive() == NO_NEWS
    stream.feed(open_text.partition(b"event: content_block_stop")[0])
    assert shown(read(stream.say("x"))) == [("text", "so it is")]


def test_a_call_that_is_cut_off_is_left_out_and_one_that_is_whole_still_waits() -> None:
    stream = made([Block("so"), Block(call="held_a"), Block(call="held_b")])
    second = stream.rindex(b"event: content_block_start")
    for end in range(second, stream.rindex(b"event: content_block_stop")):
        cut_off = reader()
        cut_off.feed(stream[:end])
        cut_off.finish()
        assert cut_off.keeps
        assert len(cut_off.calls) == 1
        cut_off.rule(0, Passed())
        assert cut_off.flow() == stream[:second]
        assert not cut_off.keeps


def test_an_error_of_the_upstream_comes_after_what_was_whole_before_it() -> None:
    stream = made([Block(call="held_a"), Block(call="held_b")])
    error = streams.named({"type": "error", "error": {"type": "overloaded_error", "message": "x"}})
    second = stream.rindex(b"event: content_block_start")
    broken = reader()
    broken.feed(stream[: stream.rindex(b"event: content_block_stop")] + error)
    out = broken.flow()
    assert broken.keeps
    assert error not in out
    broken.rule(0, Passed())
    assert out + broken.flow() == stream[:second] + error
    assert not broken.keeps
