"""Streams of OpenAI Responses that break off, repeat themselves, or are stopped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.tool_call import ToolCall
from app.errors import TooLarge
from app.wire.apis.openai_responses import NO_NEWS
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.streams.responses import ResponsesStream
from tests.app.wire import streams
from tests.app.wire.calls.answers.responses import (
    USAGE,
    Item,
    asked,
    looked_at,
    made,
    read,
    reader,
    whole,
)
from tests.app.wire.calls.law import COMMENT, LIMIT
from tests.app.wire.law import events

DENIED = Replaced("`rm` was not run.")
CHANGED = Changed('{"command":"ls"}', "It was changed.")
HELD = Item(call="held_a")


def split(stream: bytes) -> list[bytes]:
    return [event + b"\n\n" for event in stream.split(b"\n\n")[:-1]]


def final(kind: str, output: list[dict[str, Any]], number: int = 99, **more: Any) -> bytes:  # noqa: ANN401 - any JSON
    of = {**streams.RESPONSE, "status": kind, "output": output, **more}
    return streams.named({"type": f"response.{kind}", "response": of, "sequence_number": number})


def last(out: bytes) -> dict[str, Any]:
    *_, (_, data) = events(out.decode())
    return json.loads(data)["response"]  # type: ignore[no-any-return]


def test_a_text_before_a_call_is_not_delayed() -> None:
    stream = reader()
    all_events = split(made([Item(text="so it is"), HELD]))
    begins = next(at for at, event in enumerate(all_events) if b"held_a" in event)
    for event in all_events[:begins]:
        stream.feed(event)
        assert stream.flow() == event
    assert not stream.keeps
    stream.feed(all_events[begins])
    assert (stream.flow(), stream.keeps, stream.calls) == (b"", True, ())


def test_calls_say_their_tool_arguments_and_id() -> None:
    stream = reader()
    kinds = ("function_call", "custom_tool_call", "shell_call", "apply_patch_call")
    stream.feed(made([Item(call="held_a", kind=kind) for kind in kinds]))
    spelt = [json.dumps(asked(Item(kind=kind), at)) for at, kind in enumerate(kinds)]
    assert [call.tool for call in stream.calls] == ["held_a", "held_a", "shell", "apply_patch"]
    assert [call.call_id for call in stream.calls] == [f"call_{at}" for at in range(4)]
    found = [call.arguments for call in stream.calls]
    assert [json.loads(json.loads(one)) for one in spelt[:2]] == [*map(json.loads, found[:2])]
    assert [json.loads(one) for one in spelt[2:]] == [*map(json.loads, found[2:])]


def searched(status: str) -> dict[str, Any]:
    action = {"type": "search", "query": "mark"}
    return {"id": "ws", "type": "web_search_call", "status": status, "action": action}


def test_what_the_provider_runs_is_shown_and_can_only_pass() -> None:
    stream = ResponsesStream(lambda tool: tool == "web_search", limit=LIMIT, alive=COMMENT)
    place = {"output_index": 0, "item_id": "ws"}
    told = b"".join(
        streams.named(event)
        for event in (
            {"type": "response.output_item.added", **place, "item": searched("in_progress")},
            {"type": "response.web_search_call.searching", **place},
            {"type": "response.output_item.done", **place, "item": searched("completed")},
        )
    )
    stream.feed(told)
    [call] = stream.calls
    assert (call.tool, call.by_provider, stream.flow()) == ("web_search", True, b"")
    with pytest.raises(ValueError, match="provider"):
        stream.rule(0, DENIED)
    stream.rule(0, Passed())
    assert stream.flow() == told
    sources = {"type": "search", "query": "mark", "sources": [{"type": "url", "url": "u"}]}
    end = final("completed", [{**searched("completed"), "action": sources}])
    stream.feed(end)
    assert stream.flow() == end


@pytest.mark.parametrize(
    "end",
    [
        final("incomplete", [{**whole(HELD, 0), "status": "incomplete", "arguments": '{"c'}]),
        final("failed", []),
        streams.named({"type": "error", "error": {"message": "overloaded"}}),
        b"",
    ],
    ids=["incomplete", "failed", "an error", "cut off"],
)
def test_a_call_that_is_not_whole_in_the_end_is_left_out(end: bytes) -> None:
    stream = reader()
    all_events = split(made([HELD]))
    for event in all_events[:4]:
        stream.feed(event)
    stream.feed(end)
    assert stream.keeps == (not end)
    out = stream.flow()
    stream.finish()
    assert (stream.flow(), stream.calls, stream.keeps) == (b"", (), False)
    assert b"fc_0" not in out
    assert b"response.in_progress" in out
    assert b"overloaded" in out or b"error" not in end.partition(b"\n")[0]


def test_a_call_that_was_not_said_to_be_done_is_whole_where_the_response_is_complete() -> None:
    stream = reader()
    for event in split(made([HELD])):
        if b"output_item.done" not in event:
            stream.feed(event)
    [call] = stream.calls
    assert call.arguments == asked(HELD, 0)
    stream.rule(0, DENIED)
    [message] = last(stream.flow())["output"]
    assert message["content"][0]["text"] == DENIED.text


@pytest.mark.parametrize(
    ("ruling", "left"),
    [
        (Passed(), [asked(HELD, 0)]),
        (DENIED, [DENIED.text]),
        (CHANGED, [CHANGED.text, CHANGED.arguments]),
    ],
    ids=["passed", "replaced", "changed"],
)
def test_a_call_that_comes_only_in_the_list_of_all_items_is_ruled_on_there(
    ruling: Passed | Replaced | Changed, left: list[str]
) -> None:
    stream = reader()
    created = streams.named({"type": "response.created", "response": streams.RESPONSE})
    stream.feed(created)
    end = final("completed", [whole(Item(text="so"), 0), whole(HELD, 1)], usage=USAGE)
    stream.feed(end)
    assert (stream.flow(), len(stream.calls)) == (created, 1)
    left = [one.replace("mark0", "mark1") for one in left]
    stream.rule(0, ruling)
    out = stream.flow()
    shown = [item.get("arguments") or item["content"][0]["text"] for item in last(out)["output"]]
    assert shown == ["so", *left]
    assert (out == end) == isinstance(ruling, Passed)


@pytest.mark.parametrize("tool", ["held_a", "read"])
@pytest.mark.parametrize("begin", [1, 3], ids=["begun without a name", "not begun"])
def test_a_call_whose_tool_is_told_late_is_kept_until_then(begin: int, tool: str) -> None:
    stream = reader()
    told = split(made([Item(call=tool)]))
    created, added = told[0], told[2].replace(b'"name":"%s"' % tool.encode(), b'"name":""')
    stream.feed(created)
    assert stream.flow() == created
    rest = [added, *told[3:]][0 if begin == 1 else 1 :]
    for event in rest[:-2]:
        stream.feed(event)
        assert (stream.flow(), stream.calls) == (b"", ())
    stream.feed(rest[-2])
    assert [call.tool for call in stream.calls] == ([tool] if tool == "held_a" else [])
    if tool == "held_a":
        stream.rule(0, Passed())
    stream.feed(rest[-1])
    assert stream.flow() == b"".join(rest)


def test_events_without_numbers_get_none() -> None:
    stream = reader()
    for event in split(made([Item(text="so"), HELD, Item(text="more")])):
        (name, data), *_ = events(event.decode())
        value = json.loads(data)
        del value["sequence_number"]
        stream.feed(streams.data(value, name))
    stream.rule(0, DENIED)
    out = stream.flow()
    assert b"sequence_number" not in out
    assert [item["type"] for item in last(out)["output"]] == ["message"] * 3


def test_an_answer_is_stopped_with_what_went_on_and_the_usage_that_came_already() -> None:
    stream = reader()
    items = [Item(text="so"), HELD, Item(call="read"), Item(call="held_b"), Item(text="more")]
    stream.feed(made(items))
    stream.rule(0, CHANGED)
    out = stream.flow() + stream.say("Waiting.") + stream.stop("Still waiting.")
    seen, response = read(out)
    assert response["output"] == seen
    assert (response["status"], response["usage"]) == ("completed", USAGE)
    texts = [item["content"][0]["text"] for item in seen if item["type"] == "message"]
    assert texts == ["so", CHANGED.text, "Waiting.", "Still waiting."]
    assert [item["name"] for item in seen if "name" in item] == ["held_a", "read"]
    stream.feed(made([HELD]))
    assert (stream.flow(), stream.say("x"), stream.stop("x")) == (b"", b"", b"")


def test_an_answer_is_stopped_within_a_text() -> None:
    stream = reader()
    fed = split(made([Item(text="so it is")]))[:5]
    stream.feed(b"".join(fed))
    out = stream.flow()
    assert out == b"".join(fed)
    seen = events((out + stream.stop("Stopped.")).decode())
    numbers = [json.loads(data)["sequence_number"] for _, data in seen]
    assert numbers == list(range(len(numbers)))


def test_an_answer_that_has_not_begun_is_stopped_with_a_response_of_its_own() -> None:
    seen, response = read(reader().stop("Stopped."))
    assert [item["content"][0]["text"] for item in seen] == ["Stopped."]
    assert response["status"] == "completed"


def test_a_sign_of_life_is_never_the_first_event() -> None:
    stream = ResponsesStream(looked_at, limit=LIMIT, alive=NO_NEWS)
    assert stream.alive() == b""
    stream.feed(made([HELD]))
    assert (stream.alive(), reader().alive()) == (NO_NEWS, COMMENT)


def test_items_that_share_a_number_are_told_apart() -> None:
    """Some servers number every item 0."""
    stream = reader()
    items = [Item(text="so"), HELD, Item(call="held_b")]
    told = split(made(items))
    for event in told[:-1]:
        for at in (1, 2):
            event = event.replace(b'"output_index":%d' % at, b'"output_index":0')  # noqa: PLW2901
        stream.feed(event)
    assert stream.calls == (
        ToolCall("held_a", asked(HELD, 1), "call_1"),
        ToolCall("held_b", asked(HELD, 2), "call_2"),
    )
    stream.feed(told[-1])
    stream.rule(0, DENIED)
    stream.rule(1, Passed())
    seen, response = read(stream.flow())
    assert response["output"] == seen
    assert [item["type"] for item in seen] == ["message", "message", "function_call"]


def test_more_than_the_limit_is_not_kept() -> None:
    stream = reader(limit=3000)
    all_events = split(made([HELD]))
    for event in all_events[:3]:
        stream.feed(event)
    piece = {"type": "response.function_call_arguments.delta", "output_index": 0}
    stream.feed(streams.named({**piece, "delta": "x" * 2000}))
    with pytest.raises(TooLarge):
        stream.feed(streams.named({**piece, "delta": "x" * 1000}))
