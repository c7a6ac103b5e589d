"""The many ways in which servers spell calls in chunks of OpenAI Chat Completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.tool_call import ToolCall
from app.errors import TooLarge
from app.wire.calls.base import Changed, Passed, Replaced
from tests.app.wire import streams
from tests.app.wire.calls.answers.chats import Said, arguments, made, read, reader
from tests.app.wire.law import events

DENIED = Replaced("`rm` was not run.")
CHANGED = Changed('{"command":"ls"}', "It was changed.")
WHOLE = '{"command":"rm"}'


def call(name: str, index: int | None = 0, call_id: str = "call_0", said: Any = WHOLE) -> Any:  # noqa: ANN401 - any JSON
    of = {"id": call_id, "type": "function", "function": {"name": name, "arguments": said}}
    return of if index is None else {"index": index, **of}


def test_a_text_before_a_call_is_not_delayed() -> None:
    stream = reader()
    before = streams.chunk({"role": "assistant", "content": "so"})
    stream.feed(before)
    assert (stream.flow(), stream.keeps) == (before, False)
    stream.feed(streams.chunk({"content": " it is", "tool_calls": [call("held_a")]}))
    assert read(stream.flow())[0] == {"text": " it is", "calls": [], "end": None}
    assert stream.keeps
    stream.feed(streams.chunk({}, finish="tool_calls"))
    stream.rule(0, Passed())
    assert read(stream.flow())[0]["calls"] == [["call_0", "held_a", WHOLE]]


def test_a_call_that_comes_whole_with_the_end_of_its_choice_passes_as_it_came() -> None:
    stream = reader()
    delta = {"role": "assistant", "content": None, "tool_calls": [call("held_a")]}
    whole = streams.chunk(delta, finish="tool_calls")
    stream.feed(whole)
    assert (stream.flow(), stream.calls) == (b"", (ToolCall("held_a", WHOLE, "call_0"),))
    stream.rule(0, Passed())
    assert stream.flow() == whole


@pytest.mark.parametrize(
    ("ruling", "text", "end"),
    [(DENIED, DENIED.text, "stop"), (CHANGED, CHANGED.text, "tool_calls")],
    ids=["replaced", "changed"],
)
def test_what_takes_the_place_of_such_a_call_keeps_its_role_and_ends_its_choice(
    ruling: Replaced | Changed, text: str, end: str
) -> None:
    stream = reader()
    delta = {"role": "assistant", "content": None, "tool_calls": [call("held_a")]}
    stream.feed(streams.chunk(delta, finish="tool_calls") + streams.USAGE + streams.DONE)
    stream.rule(0, ruling)
    out = stream.flow()
    assert out.count(b'"role":"assistant"') == 1
    assert out.endswith(streams.USAGE + streams.DONE)
    assert (read(out)[0]["text"], read(out)[0]["end"]) == (text, end)


def test_calls_in_one_chunk_are_ruled_on_one_by_one() -> None:
    stream = reader()
    calls = [call("read", 0, "a"), call("held_a", 1, "b"), call("held_b", 2, "c")]
    stream.feed(streams.chunk({"tool_calls": calls}, finish="tool_calls"))
    out = stream.flow()
    assert read(out)[0]["calls"] == [["a", "read", WHOLE]]
    stream.rule(1, Passed())
    stream.rule(0, DENIED)
    assert read(out + stream.flow())[0] == {
        "text": DENIED.text,
        "calls": [["a", "read", WHOLE], ["c", "held_b", WHOLE]],
        "end": "tool_calls",
    }


@pytest.mark.parametrize(
    "indexes", [(None, None), (0, 0)], ids=["no index", "the same index for all"]
)
def test_calls_without_indexes_of_their_own_are_told_apart_by_their_ids(
    indexes: tuple[int | None, int | None],
) -> None:
    stream = reader()
    one, other = (
        call(name, at, name) for name, at in zip(("held_a", "held_b"), indexes, strict=True)
    )
    stream.feed(streams.chunk({"tool_calls": [one]}) + streams.chunk({"tool_calls": [other]}))
    stream.feed(streams.chunk({}, finish="tool_calls"))
    assert [found.tool for found in stream.calls] == ["held_a", "held_b"]
    stream.rule(0, DENIED)
    stream.rule(1, Passed())
    assert read(stream.flow())[0]["calls"] == [["held_b", "held_b", WHOLE]]


def test_a_call_is_whole_where_another_begins_and_its_arguments_are_complete() -> None:
    stream = reader()
    stream.feed(streams.chunk({"tool_calls": [call("held_a", 0, "a")]}))
    assert stream.calls == ()
    stream.feed(streams.chunk({"tool_calls": [call("held_b", 1, "b", "")]}))
    assert [found.tool for found in stream.calls] == ["held_a"]
    stream.rule(0, Passed())
    assert stream.flow() == streams.chunk({"tool_calls": [call("held_a", 0, "a")]})


@pytest.mark.parametrize(
    "pieces",
    [
        [{"name": "held_"}, {"name": "a", "arguments": "{}"}],
        [{"arguments": "{}"}, {"name": "held_a"}],
        [{"name": "held_a"}, {"name": "held_a", "arguments": "{}"}],
    ],
    ids=["in pieces", "after the arguments", "with each piece"],
)
def test_a_name_may_come_late_or_often(pieces: list[dict[str, str]]) -> None:
    stream = reader()
    for piece in pieces:
        stream.feed(streams.chunk({"tool_calls": [{"index": 0, "function": piece}]}))
    assert stream.flow() == b""
    stream.feed(streams.chunk({}, finish="tool_calls"))
    assert stream.calls == (ToolCall("held_a", "{}"),)
    stream.rule(0, Changed('{"a":1}'))
    [(_, name, said)] = read(stream.flow())[0]["calls"]
    assert (name, said) == ("held_a", '{"a":1}')


def test_arguments_that_came_as_an_object_are_read_as_their_json() -> None:
    stream = reader()
    whole = streams.chunk({"tool_calls": [call("held_a", said={"a": 1})]}, finish="tool_calls")
    stream.feed(whole)
    assert stream.calls[0].arguments == '{"a":1}'
    stream.rule(0, Passed())
    assert stream.flow() == whole


@pytest.mark.parametrize("spelt", [b"tool\\u005fcalls", b"tool_calls"])
def test_no_spelling_hides_a_call(spelt: bytes) -> None:
    stream = reader()
    start = streams.chunk({"content": "so"})
    stream.feed(start)
    chunk = streams.chunk({"tool_calls": [call("held_a")]}, finish="tool_calls")
    stream.feed(chunk.replace(b"tool_calls", spelt))
    assert stream.flow() == start
    assert [found.tool for found in stream.calls] == ["held_a"]


def test_reasoning_beside_a_call_goes_on_before_it() -> None:
    stream = reader()
    details = [{"type": "reasoning.encrypted", "data": "c2lnbmVk", "index": 0}]
    stream.feed(
        streams.chunk({"reasoning_details": details, "tool_calls": [call("held_a")]}, 0)
        + streams.chunk({}, finish="tool_calls")
    )
    [(_, before)] = events(stream.flow().decode())
    assert json.loads(before)["choices"][0]["delta"] == {"reasoning_details": details}
    stream.rule(0, DENIED)
    assert read(stream.flow())[0]["end"] == "stop"


@pytest.mark.parametrize("ruling", [DENIED, CHANGED], ids=["replaced", "changed"])
def test_tokens_do_not_show_a_call_before_its_ruling_or_one_that_did_not_pass(
    ruling: Replaced | Changed,
) -> None:
    stream = reader()
    delta = {"content": "so", "tool_calls": [call("held_a")]}
    tokens = {"content": [{"token": WHOLE, "logprob": 0, "bytes": None, "top_logprobs": []}]}
    choice = {"index": 0, "delta": delta, "logprobs": tokens, "finish_reason": "tool_calls"}
    stream.feed(streams.data({**streams.CHUNK, "choices": [choice]}))
    out = stream.flow()
    assert b"so" in out
    stream.rule(0, ruling)
    assert b'logprob"' not in out + stream.flow()


@pytest.mark.parametrize(
    "broken",
    [
        streams.data({"error": {"message": "overloaded"}}),
        streams.data(
            {
                "error": {"code": 502},
                "choices": [{"index": 0, "delta": {}, "finish_reason": "error"}],
            }
        ),
    ],
    ids=["an error", "an end by an error"],
)
def test_a_call_that_was_not_whole_at_an_error_is_left_out(broken: bytes) -> None:
    stream = reader()
    stream.feed(streams.chunk({"tool_calls": [call("held_a")]}))
    stream.feed(broken)
    assert (stream.flow(), stream.calls, stream.keeps) == (broken, (), False)


def test_a_call_that_is_cut_off_is_left_out_and_what_was_whole_still_needs_its_ruling() -> None:
    stream = reader()
    stream.feed(streams.chunk({"tool_calls": [call("held_a", 0, "a")]}))
    stream.feed(streams.chunk({"tool_calls": [call("held_b", 1, "b", '{"c')]}))
    stream.finish()
    assert (stream.flow(), len(stream.calls), stream.keeps) == (b"", 1, True)
    stream.rule(0, Passed())
    assert read(stream.flow())[0]["calls"] == [["a", "held_a", WHOLE]]
    assert not stream.keeps


def test_more_than_the_limit_is_not_kept() -> None:
    stream = reader(limit=3000)
    for _ in range(20):
        stream.feed(streams.chunk({"content": "x" * 200}))
    stream.feed(streams.chunk({"tool_calls": [call("held_a", said="{")]}))
    stream.feed(streams.chunk({"content": "x" * 2000}))
    with pytest.raises(TooLarge):
        stream.feed(streams.chunk({"content": "x" * 1000}))


def test_an_answer_is_stopped_with_the_usage_that_came_already() -> None:
    stream = reader()
    stream.feed(made([Said(text="so"), Said(call="held_a"), Said(call="held_b")]))
    stream.rule(0, Passed())
    out = stream.flow() + stream.stop("Still waiting.")
    assert read(out)[0] == {
        "text": "so\n\nStill waiting.",
        "calls": [["call_1", "held_a", arguments(1)]],
        "end": "tool_calls",
    }
    assert out.endswith(streams.USAGE + streams.DONE)
    stream.feed(streams.chunk({"content": "more"}))
    assert (stream.flow(), stream.say("x"), stream.alive()) == (b"", b"", b"")


def test_a_stop_within_a_call_that_has_begun_to_go_on_is_an_error() -> None:
    stream = reader()
    stream.feed(streams.chunk({"tool_calls": [call("read", said='{"c')]}))
    stream.flow()
    (_, error), *rest = events(stream.stop("Stopped.").decode())
    assert json.loads(error)["error"]["message"] == "Stopped."
    assert [data for _, data in rest] == ["[DONE]"]


def test_a_stop_brings_the_rest_of_a_call_that_has_begun_to_go_on() -> None:
    stream = reader()
    stream.feed(streams.chunk({"tool_calls": [call("read", 0, "a", '{"c')]}))
    stream.feed(streams.chunk({"tool_calls": [call("held_a", 1, "b")]}))
    rest = {"tool_calls": [{"index": 0, "function": {"arguments": '":1}'}}]}
    stream.feed(streams.chunk(rest) + streams.chunk({}, finish="tool_calls"))
    out = stream.flow() + stream.stop("Still waiting.")
    assert read(out)[0] == {
        "text": "Still waiting.",
        "calls": [["a", "read", '{"c":1}']],
        "end": "tool_calls",
    }


def test_a_text_before_all_else_has_the_role_and_what_follows_has_it_not() -> None:
    stream = reader()
    delta = {"role": "assistant", "content": None, "tool_calls": [call("held_a")]}
    stream.feed(streams.chunk(delta, finish="tool_calls"))
    out = stream.flow() + stream.say("Waiting.")
    [(_, said)] = events(out.decode())
    assert json.loads(said)["choices"][0]["delta"] == {"role": "assistant", "content": "Waiting."}
    stream.rule(0, Passed())
    assert b'"role"' not in stream.flow()


def test_nothing_is_said_after_the_end() -> None:
    stream = reader()
    stream.feed(made([Said(text="so")]))
    stream.finish()
    assert stream.flow() == made([Said(text="so")])
    assert (stream.say("x"), stream.stop("x")) == (b"", b"")


@pytest.mark.parametrize("blank", ["\n\n", "\n", "\r\n\r\n", "\n\n\n\n"])
def test_what_comes_at_once_goes_on_as_what_comes_byte_by_byte(blank: str) -> None:
    said = [{"role": "assistant", "content": "so"}, {"content": " it"}, {"content": " is"}]
    parts = [*said, {"tool_calls": [call("held_a")]}, {"content": "x"}]
    data = blank.encode().join([streams.chunk(part) for part in parts]) + blank.encode()
    at_once, by_bytes = reader(), reader()
    at_once.feed(data)
    for at in range(len(data)):
        by_bytes.feed(data[at : at + 1])
    assert at_once.flow() == by_bytes.flow()
    for stream in (at_once, by_bytes):
        stream.feed(streams.chunk({}, finish="tool_calls"))
        stream.rule(0, Passed())
    assert at_once.flow() == by_bytes.flow()
