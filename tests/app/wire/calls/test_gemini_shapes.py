"""Streams of Gemini that break off, are cut apart, or are stopped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.errors import TooLarge
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.streams.gemini import GeminiStream
from tests.app.wire import streams
from tests.app.wire.calls.answers.geminis import (
    NEWLINE,
    SIGNATURE,
    Said,
    asked,
    chunk,
    made,
    parts,
    read,
    reader,
)
from tests.app.wire.calls.law import LIMIT
from tests.app.wire.law import events

DENIED = Replaced("`rm` was not run.")
CHANGED = Changed('{"command":"ls"}', "It was changed.")
HELD = Said(call="held_a")
USAGE = {"totalTokenCount": 9}


def listed(out: bytes) -> list[list[dict[str, Any]]]:
    """Return the parts of each chunk."""
    return [
        json.loads(data)["candidates"][0]["content"]["parts"] for _, data in events(out.decode())
    ]


def test_a_text_before_a_call_is_not_delayed() -> None:
    stream = reader()
    stream.feed(chunk([{"text": "so"}, *parts(HELD, 1), *parts(HELD, 2)], USAGE, "STOP"))
    out = stream.flow()
    assert listed(out) == [[{"text": "so"}]]
    assert b"finishReason" not in out
    assert b"usageMetadata" not in out
    stream.rule(0, Passed())
    assert listed(stream.flow()) == [parts(HELD, 1)]
    stream.rule(1, DENIED)
    out = stream.flow()
    assert listed(out) == [[{"text": "\n\n" + DENIED.text}]]
    assert b'"finishReason":"STOP"' in out
    assert b'"totalTokenCount":9' in out


def test_a_call_that_comes_with_the_end_passes_as_it_came() -> None:
    stream = reader()
    whole = chunk(parts(HELD, 0), USAGE, "STOP")
    stream.feed(whole)
    assert stream.flow() == b""
    stream.rule(0, Passed())
    assert stream.flow() == whole


@pytest.mark.parametrize("in_pieces", [False, True], ids=["whole", "in pieces"])
def test_a_changed_call_keeps_its_id_and_signature(in_pieces: bool) -> None:  # noqa: FBT001
    stream = reader()
    stream.feed(made([Said(call="held_a", in_pieces=in_pieces)]))
    stream.rule(0, CHANGED)
    text, changed = listed(stream.flow())[0]
    assert text == {"text": CHANGED.text}
    call = {"name": "held_a", "args": {"command": "ls"}, "id": "call_0"}
    assert changed == {"functionCall": call, "thoughtSignature": SIGNATURE}


def test_all_pieces_of_a_call_may_come_at_once() -> None:
    stream = reader()
    pieces = [{"jsonPath": "$.command", "stringValue": "ls"}, {"jsonPath": "$.n", "nullValue": 0}]
    told = chunk([{"functionCall": {"name": "held_a", "partialArgs": pieces}}], USAGE)
    stream.feed(told)
    assert [json.loads(call.arguments) for call in stream.calls] == [{"command": "ls", "n": None}]
    stream.rule(0, Passed())
    assert stream.flow() == told


def test_code_that_the_provider_runs_is_shown_and_can_only_pass() -> None:
    stream = GeminiStream(lambda tool: tool == "code_execution", limit=LIMIT, alive=NEWLINE)
    told = chunk([{"executableCode": {"language": "PYTHON", "code": "print(1)"}}], USAGE)
    stream.feed(told)
    [call] = stream.calls
    assert (call.tool, call.by_provider, stream.flow()) == ("code_execution", True, b"")
    stream.rule(0, Passed())
    assert stream.flow() == told


@pytest.mark.parametrize(
    "end",
    [
        chunk([{"text": ""}], USAGE, "MAX_TOKENS"),
        streams.data({"error": {"code": 503, "message": "overloaded"}}),
        b"",
    ],
    ids=["an end", "an error", "cut off"],
)
def test_a_call_that_is_not_whole_in_the_end_is_left_out(end: bytes) -> None:
    stream = reader()
    first, *_ = parts(Said(call="held_a", in_pieces=True), 0)
    stream.feed(chunk([first], USAGE))
    stream.feed(end)
    assert (stream.flow(), stream.keeps) == (end, not end)
    stream.finish()
    assert (stream.flow(), stream.calls, stream.keeps) == (b"", (), False)


@pytest.mark.parametrize("name", ["functionCall", "function_call", "function\\u0043all"])
def test_no_spelling_hides_a_call(name: str) -> None:
    stream = reader()
    before = chunk([{"text": "so"}], USAGE)
    stream.feed(before)
    stream.feed(chunk(parts(HELD, 1), USAGE).replace(b"functionCall", name.encode()))
    assert stream.flow() == before
    assert [json.loads(call.arguments) for call in stream.calls] == [asked(1)]


def test_tokens_do_not_show_a_call_before_its_ruling() -> None:
    stream = reader()
    whole = json.loads(chunk([{"text": "so"}, *parts(HELD, 0)], USAGE)[6:])
    whole["candidates"][0]["logprobsResult"] = {"chosenCandidates": [{"token": "mark0"}]}
    stream.feed(streams.data(whole))
    out = stream.flow()
    assert b"so" in out
    assert b"mark0" not in out
    stream.rule(0, DENIED)
    assert b"mark0" not in stream.flow()


def test_an_answer_of_which_no_call_is_left_is_not_empty() -> None:
    stream = reader()
    stream.feed(made([HELD]))
    stream.rule(0, DENIED)
    assert read(stream.flow()) == ([("text", DENIED.text)], "STOP")


def test_nothing_of_ours_is_a_comment() -> None:
    """Google's clients take comments for pieces of JSON."""
    stream = reader()
    stream.feed(made([Said(text="so"), HELD, HELD]))
    out = stream.flow() + stream.alive() + stream.say("Waiting.") + stream.alive()
    stream.rule(0, CHANGED)
    out += stream.flow() + stream.stop("Still waiting.")
    assert all(line.startswith(b"data: {") or not line for line in out.split(b"\n"))


def test_an_answer_is_stopped_with_the_usage_that_came_already() -> None:
    stream = reader()
    stream.feed(made([Said(text="so"), HELD, HELD]))
    stream.rule(0, Passed())
    out = stream.flow() + stream.stop("Still waiting.")
    seen, reason = read(out)
    assert seen[-1] == ("text", "\n\nStill waiting.")
    assert seen[1][0] == "held_a"
    assert reason == "STOP"
    assert b'"totalTokenCount":99' in out
    stream.feed(made([HELD]))
    assert (stream.flow(), stream.say("x"), stream.keeps) == (b"", b"", False)


def test_a_stop_within_a_call_that_has_begun_to_go_on_is_an_error() -> None:
    stream = reader()
    first, *_ = parts(Said(call="read", in_pieces=True), 0)
    stream.feed(chunk([first], USAGE))
    assert stream.flow() == chunk([first], USAGE)
    [(_, data)] = events(stream.stop("Stopped.").decode())
    assert json.loads(data)["error"]["message"] == "Stopped."


def test_nothing_is_said_after_the_end() -> None:
    stream = reader()
    stream.feed(made([Said(text="so")]))
    assert stream.flow() == made([Said(text="so")])
    assert (stream.say("x"), stream.stop("x")) == (b"", b"")


def test_more_than_the_limit_is_not_kept() -> None:
    stream = reader(limit=2000)
    stream.feed(chunk(parts(HELD, 0), USAGE))
    with pytest.raises(TooLarge):
        stream.feed(chunk([{"text": "x" * 1900}], USAGE))
