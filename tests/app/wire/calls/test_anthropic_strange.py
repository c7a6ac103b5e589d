"""Streams of Anthropic Messages that no provider should send, or that hide a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.domain.tool_call import ToolCall
from app.errors import TooLarge, UpstreamUnavailable
from app.wire.calls.base import Changed, Passed
from tests.app.wire import streams
from tests.app.wire.calls.answers.messages import (
    Block,
    ended,
    made,
    read,
    reader,
    shown,
)

if TYPE_CHECKING:
    from app.wire.calls.base import Ruling


def delta(index: int, **members: str) -> bytes:
    return streams.named({"type": "content_block_delta", "index": index, "delta": members})


def start(index: object, **members: object) -> bytes:
    block = {"type": "tool_use", "id": "1", "name": "held_a", "input": {}, **members}
    return streams.named({"type": "content_block_start", "index": index, "content_block": block})


STOP = streams.named({"type": "content_block_stop", "index": 0})
BEGUN = streams.named({"type": "message_start", "message": streams.MESSAGE})
STRANGE = {
    "another block begins within a call": start(0) + start(1),
    "another block goes on within a call": start(0) + delta(1, type="text_delta", text="x"),
    "another block ends within a call": start(0) + STOP.replace(b"0", b"1"),
    "the same block begins twice": start(0) + start(0),
    "the pieces are of an unknown type": start(0) + delta(0, type="yaml_delta", yaml="x"),
    "the message ends within a call": start(0) + b"".join(ended("tool_use")),
    "the call has no number": start(None),
    "the number of the call is no number": start(True),
    "a part of a call comes without its start": delta(
        0, type="input_json_delta", partial_json="{}"
    ),
    "the event has two names": start(0).replace(b"event: content_block_start", b"event: ping"),
    "the event has two types": start(0).replace(
        b'"type":"content', b'"type":"ping","type":"content'
    ),
    "the call has its arguments twice": start(0, input={"a": 1})
    + delta(0, type="input_json_delta", partial_json="{}")
    + STOP,
    "the message begins with a call": streams.named(
        {"type": "message_start", "message": {"content": [{"type": "tool_use", "name": "held_a"}]}}
    ),
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_what_clients_may_read_differently_is_withheld(strange: bytes) -> None:
    stream = reader()
    stream.feed(BEGUN)
    with pytest.raises(UpstreamUnavailable):
        stream.feed(strange)
    assert stream.flow() == BEGUN
    stream.feed(STOP)
    stream.finish()
    assert (stream.flow(), stream.keeps, stream.calls) == (b"", False, ())
    assert shown(read(BEGUN + stream.stop("Stopped."))) == [("text", "Stopped.")]


@pytest.mark.parametrize("ruling", [Passed(), Changed('{"b":2}')], ids=["passed", "changed"])
def test_arguments_may_all_come_with_the_start_of_a_call(ruling: Ruling) -> None:
    stream = reader()
    old = start(0, input={"a": 1}) + STOP
    stream.feed(BEGUN + old)
    assert stream.calls == (ToolCall("held_a", '{"a":1}', "1"),)
    stream.rule(0, ruling)
    new = start(0) + delta(0, type="input_json_delta", partial_json='{"b":2}') + STOP
    assert stream.flow() == BEGUN + (old if isinstance(ruling, Passed) else new)


def test_a_call_without_arguments_has_an_empty_object() -> None:
    stream = reader()
    stream.feed(BEGUN + start(0) + STOP)
    assert [call.arguments for call in stream.calls] == ["{}"]


@pytest.mark.parametrize("spelt", [b"tool\\u005fuse", b"\\u0074ool_use"])
def test_no_spelling_hides_a_call(spelt: bytes) -> None:
    hidden = (start(0) + STOP).replace(b"tool_use", spelt)
    hidden = hidden.replace(b"event: content_block_start\n", b"")
    for name in (b"content_block_start", b"content\\u005fblock_start"):
        stream = reader()
        stream.feed(BEGUN)
        stream.feed(hidden.replace(b'"content_block_start"', b'"%s"' % name))
        assert [call.tool for call in stream.calls] == ["held_a"]
        assert stream.flow() == BEGUN


def test_more_than_the_limit_is_not_kept_but_passes_where_no_call_is_before_it() -> None:
    text = made([Block("x" * 5000), Block("y")])
    calm = reader(limit=6000)
    calm.feed(text * 3)
    assert calm.flow() == text * 3
    full = reader(limit=6000)
    full.feed(made([Block(call="held_a")]))
    with pytest.raises(TooLarge):
        full.feed(text * 3)
    full.finish()
    assert b"held_a" not in full.flow()


def test_what_has_gone_on_does_not_count_as_kept() -> None:
    stream = reader(limit=1500)
    call = start(0) + STOP
    for number in range(10):
        stream.feed(call)
        stream.feed(call)
        stream.rule(2 * number, Passed())
        stream.rule(2 * number + 1, Passed())
    assert stream.flow() == call * 20
