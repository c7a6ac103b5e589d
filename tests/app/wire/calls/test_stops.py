"""Answers that are stopped after any of their events, by all readers of streams."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.app.wire.calls.answers import chats, geminis, messages, responses
from tests.app.wire.calls.law import RULINGS
from tests.app.wire.law import events

if TYPE_CHECKING:
    from app.wire.calls.base import CallReader, Ruling

STOPPED = "Still waiting."
AT = st.integers(0, 99)
RULED = st.integers(0, 6)
"""How many calls are ruled on before the stop."""


def stopped(
    reader: CallReader, stream: bytes, at: int, rulings: list[Ruling], *, said: bool
) -> tuple[bytes, int]:
    """Return what comes out, and how many calls were ruled on."""
    pieces = [event + b"\n\n" for event in stream.split(b"\n\n")[:-1]]
    out, ruled = b"", 0
    for piece in pieces[: at % (len(pieces) + 1)]:
        reader.feed(piece)
        out += reader.flow()
        for number in range(ruled, min(len(reader.calls), len(rulings))):
            out += reader.say("Waiting.") if said else b""
            reader.rule(number, rulings[number])
            ruled += 1
        out += reader.flow()
    return out + reader.stop(STOPPED), ruled


def errors(out: bytes) -> list[str]:
    """Return what the errors of a stream say."""
    values = [json.loads(data) for _, data in events(out.decode()) if data != "[DONE]"]
    return [value["error"]["message"] for value in values if "error" in value]


def held(answer: list[Any], ruled: int) -> list[bytes]:
    """Return what of each call must not be seen without its ruling."""
    at_held = [at for at, said in enumerate(answer) if said.is_held]
    return [f"mark{at}".encode() for at in at_held[ruled:]]


@given(
    answer=chats.answers(),
    mixed=st.none() | chats.MIXED,
    at=AT,
    rulings=RULINGS,
    ruled=RULED,
    said=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_chunks_are_stopped_with_ends_that_fit(
    answer: list[chats.Said],
    mixed: list[int] | None,
    at: int,
    rulings: list[Ruling],
    ruled: int,
    said: bool,  # noqa: FBT001
) -> None:
    stream = chats.made(answer, mixed)
    out, ruled = stopped(chats.reader(), stream, at, rulings[:ruled], said=said)
    assert not any(mark in out for mark in held(answer, ruled))
    assert out.endswith(b"data: [DONE]\n\n")
    if found := errors(out):
        assert found == [STOPPED]
        return
    seen = chats.read(out)
    for message in seen.values():
        called = message["calls"] or "legacy" in message
        assert message["end"] in ({"tool_calls", "function_call"} if called else {"stop"})
        for _, _, arguments in [*message["calls"], message.get("legacy", ("", "", "{}"))]:
            assert isinstance(json.loads(arguments), dict)


@given(blocks=messages.BLOCKS, at=AT, rulings=RULINGS, ruled=RULED, said=st.booleans())
@settings(max_examples=150, deadline=None)
def test_blocks_are_stopped_with_a_reason_that_fits_what_went_on(
    blocks: list[messages.Block],
    at: int,
    rulings: list[Ruling],
    ruled: int,
    said: bool,  # noqa: FBT001
) -> None:
    # What the provider runs is never replaced.
    blocks = [replace(block, provider=False) for block in blocks]
    stream = messages.made(blocks)
    out, ruled = stopped(messages.reader(), stream, at, rulings[:ruled], said=said)
    assert not any(mark in out for mark in held(blocks, ruled))
    if b"event: error" in out:
        assert errors(out) == [STOPPED]
        return
    message = messages.read(out)
    called = any(block["type"] == "tool_use" for block in message["content"])
    assert message["stop_reason"] == ("tool_use" if called else "end_turn")
    assert message["content"] or not blocks


@given(
    items=responses.ITEMS,
    mixed=st.none() | responses.MIXED,
    at=AT,
    rulings=RULINGS,
    ruled=RULED,
    said=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_items_are_stopped_with_a_response_of_all_that_went_on(
    items: list[responses.Item],
    mixed: list[int] | None,
    at: int,
    rulings: list[Ruling],
    ruled: int,
    said: bool,  # noqa: FBT001
) -> None:
    stream = responses.made(items, mixed)
    out, ruled = stopped(responses.reader(), stream, at, rulings[:ruled], said=said)
    assert not any(mark in out for mark in held(items, ruled))
    _, final = responses.read(out)
    done = [event for _, data in events(out.decode()) if "item" in (event := json.loads(data))]
    ended = {event["output_index"]: event["item"] for event in done if "done" in event["type"]}
    assert final["output"] == [ended[index] for index in sorted(ended)]
    assert final["status"] == "completed"


@given(answer=geminis.ANSWERS, at=AT, rulings=RULINGS, ruled=RULED, said=st.booleans())
@settings(max_examples=150, deadline=None)
def test_parts_are_stopped_with_an_ordinary_end(
    answer: list[geminis.Said],
    at: int,
    rulings: list[Ruling],
    ruled: int,
    said: bool,  # noqa: FBT001
) -> None:
    out, ruled = stopped(geminis.reader(), geminis.made(answer), at, rulings[:ruled], said=said)
    assert not any(mark in out for mark in held(answer, ruled))
    if found := errors(out):
        assert found == [STOPPED]
        return
    assert geminis.read(out)[1] == "STOP"
