"""Streams as no API should send them: nothing of a held call goes on without its ruling."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import UpstreamUnavailable
from app.wire.calls.streams.chat import ChatStream
from app.wire.calls.streams.gemini import GeminiStream
from app.wire.calls.streams.responses import ResponsesStream
from tests.app.wire.calls.answers import chats, geminis, messages, responses
from tests.app.wire.calls.answers.odd import CHANGES, Change, Event, changed
from tests.app.wire.calls.law import COMMENT, LIMIT, RULINGS
from tests.app.wire.law import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.calls.base import CallReader, Ruling


def spelt(stream: list[Event]) -> list[bytes]:
    return [
        (f"event: {name}\n" if name else "").encode()
        + f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()
        for name, value in stream
    ]


def parsed(stream: bytes) -> list[Event]:
    return [
        (name, data if data == "[DONE]" else json.loads(data))
        for name, data in events(stream.decode())
    ]


FORMS: dict[str, tuple[Callable[[], CallReader], bytes]] = {
    "messages": (
        messages.reader,
        messages.made(
            [messages.Block("so"), messages.Block(thinking=True)]
            + [messages.Block(call="held_bash", ping=ping) for ping in (False, True)]
        ),
    ),
    "chat": (
        chats.reader,
        chats.made(
            [chats.Said(text="so")]
            + [chats.Said(call="held_bash", kind=kind) for kind in ("function", "custom", "legacy")]
        ),
    ),
    "responses": (
        responses.reader,
        responses.made(
            [responses.Item(text="so")]
            + [responses.Item(call="held_bash", kind=kind) for kind in responses.KINDS]
        ),
    ),
    "gemini": (
        geminis.reader,
        geminis.made(
            [geminis.Said(text="so")]
            + [geminis.Said(call="held_bash", in_pieces=pieces) for pieces in (False, True, False)]
        ),
    ),
}
each_form = pytest.mark.parametrize("form", list(FORMS))


@each_form
@given(changes=CHANGES)
@settings(max_examples=150, deadline=None)
def test_nothing_of_a_held_call_goes_on_whatever_is_odd_in_a_stream(
    form: str, changes: list[Change]
) -> None:
    new, stream = FORMS[form]
    odd = parsed(stream)
    for change in changes:
        odd = changed(odd, change)
    reader = new()
    out = b""
    try:
        for event in spelt(odd):
            reader.feed(event)
            out += reader.flow()
        reader.finish()
    except UpstreamUnavailable:
        pass
    assert b"mark" not in out + reader.flow()


@each_form
@given(changes=CHANGES, rulings=RULINGS, said=st.booleans())
@settings(max_examples=150, deadline=None)
def test_an_odd_stream_goes_on_once_it_is_ruled_on_or_is_withheld(
    form: str,
    changes: list[Change],
    rulings: list[Ruling],
    said: bool,  # noqa: FBT001
) -> None:
    new, stream = FORMS[form]
    odd = parsed(stream)
    for change in changes:
        odd = changed(odd, change)
    reader = new()
    ruled = 0
    steps = [partial(reader.feed, event) for event in spelt(odd)]
    try:
        for step in [*steps, reader.finish]:
            step()
            for number in range(ruled, len(reader.calls)):
                if said:
                    reader.say("Waiting.")
                reader.rule(number, rulings[number % len(rulings)])
            ruled = len(reader.calls)
    except UpstreamUnavailable:
        return
    assert not reader.keeps


def chunk(delta: dict[str, Any], **choice: Any) -> bytes:  # noqa: ANN401 - any JSON
    return data({"choices": [{"index": 0, "delta": delta, **choice}]})


def data(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


def call(index: Any = 0, **function: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"tool_calls": [{"index": index, "id": "call_0", "function": function}]}


ITEM = {"id": "fc", "type": "function_call", "call_id": "c", "name": "held_a", "arguments": "{}"}
BEGUN = {**ITEM, "arguments": ""}


def item(kind: str, of: dict[str, Any], index: Any = 0) -> bytes:  # noqa: ANN401 - any JSON
    return data({"type": f"response.output_item.{kind}", "output_index": index, "item": of})


def told(**members: Any) -> bytes:  # noqa: ANN401 - any JSON
    of = {"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc"}
    return data({**of, **members})


def completed(*output: Any) -> bytes:  # noqa: ANN401 - any JSON
    return data({"type": "response.completed", "response": {"output": [*output]}})


def part(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return data({"candidates": [{"content": {"parts": [value]}}]})


SAID_WHOLE = {"message": {"tool_calls": [{"function": {"name": "held_a", "arguments": "{}"}}]}}
TWICE = b'data: {"choices":[{"index":0,"delta":{"tool_calls":[],"tool_calls":null}}]}\n\n'
WITHHELD: dict[str, tuple[type[ChatStream | ResponsesStream | GeminiStream], list[bytes]]] = {
    "a whole message": (ChatStream, [chunk({}, **SAID_WHOLE)]),
    "a member twice": (ChatStream, [TWICE]),
    "calls that are no list": (ChatStream, [chunk({"tool_calls": {"0": call()}})]),
    "an index that is text": (ChatStream, [chunk(call("0", name="held_a"))]),
    "a name that goes on": (ChatStream, [chunk(call(name="he")), chunk(call(name="ld_a"))]),
    "more after the end": (
        ChatStream,
        [
            chunk(call(name="held_a", arguments="{}"), finish_reason="tool_calls"),
            chunk(call(arguments="1")),
        ],
    ),
    "two kinds": (
        ChatStream,
        [chunk({"tool_calls": [{"index": 0, "function": {}, "custom": {"name": "held_a"}}]})],
    ),
    "no json": (ChatStream, [b'data: {"tool_calls": \n\n']),
    "other arguments at the end of an item": (
        ResponsesStream,
        [item("added", BEGUN), told(delta="[]"), item("done", ITEM)],
    ),
    "other arguments at the end of all": (
        ResponsesStream,
        [item("added", BEGUN), item("done", ITEM), completed({**ITEM, "arguments": "[]"})],
    ),
    "another tool at the end": (
        ResponsesStream,
        [item("added", BEGUN), item("done", {**ITEM, "name": "held_b"})],
    ),
    "a message that turns into a call": (
        ResponsesStream,
        [item("added", {"type": "message"}), item("done", ITEM)],
    ),
    "a call without a place": (ResponsesStream, [item("added", BEGUN, None)]),
    "two calls in one place": (
        ResponsesStream,
        [item("added", BEGUN), item("added", {**BEGUN, "id": "fc_2"})],
    ),
    "more of a whole call": (
        ResponsesStream,
        [item("added", BEGUN), item("done", ITEM), told(delta="1")],
    ),
    "a part that is two calls": (
        GeminiStream,
        [part({"functionCall": {"name": "read"}, "function_call": {"name": "held_a"}})],
    ),
    "a call without a name": (GeminiStream, [part({"functionCall": {"args": {}}})]),
    "calls that are mixed": (
        GeminiStream,
        [
            part({"functionCall": {"name": "held_a", "willContinue": True}}),
            part({"functionCall": {"name": "held_b"}}),
        ],
    ),
    "a piece in an impossible place": (
        GeminiStream,
        [
            part({"functionCall": {"name": "held_a", "willContinue": True}}),
            part({"functionCall": {"partialArgs": [{"jsonPath": "$.a[1]", "stringValue": "x"}]}}),
        ],
    ),
    "a piece in an unknown place": (
        GeminiStream,
        [
            part({"functionCall": {"name": "held_a", "willContinue": True}}),
            part({"functionCall": {"partialArgs": [{"jsonPath": "$..a", "stringValue": "x"}]}}),
        ],
    ),
}


@pytest.mark.parametrize("case", list(WITHHELD))
def test_what_clients_may_read_differently_is_withheld(case: str) -> None:
    form, stream = WITHHELD[case]
    reader = form(lambda tool: tool.startswith("held_"), limit=LIMIT, alive=COMMENT)
    *before, last = stream
    for event in before:
        reader.feed(event)
    with pytest.raises(UpstreamUnavailable):
        reader.feed(last)
    reader.feed(data({"choices": []}))
    assert reader.flow().count(b"held_") == 0
