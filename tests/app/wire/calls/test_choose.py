"""Which reader an answer gets: by what it is, whatever it is called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from app.errors import UpstreamUnavailable
from app.wire.apis.anthropic import ANTHROPIC
from app.wire.apis.gemini import GEMINI
from app.wire.apis.mcp import MCP
from app.wire.apis.openai_chat import CHAT
from app.wire.apis.openai_responses import RESPONSES
from app.wire.apis.plain import PLAIN
from app.wire.calls.base import CallReader, Passed
from app.wire.calls.choose import reader_for
from app.wire.clients import client_of
from tests.app.wire.calls.answers import chats, geminis, responses
from tests.app.wire.calls.answers.documents import CASES
from tests.app.wire.calls.answers.messages import Block, made
from tests.app.wire.calls.law import COMMENT, CUTS, LIMIT, TIMINGS, Timing, driven, wanted
from tests.app.wire.law import events
from tests.app.wire.masking import cut

if TYPE_CHECKING:
    from app.wire.base import WireFormat

STREAM = made([Block("so"), Block(call="held_a"), Block("end")])
DOCUMENT = json.dumps(CASES[0].document).encode()
LABELS = (
    *("text/event-stream", "text/event-stream; charset=utf-8", "application/json", ""),
    *("text/plain", "application/octet-stream", "text/html", "application/x-ndjson"),
)


def chosen(label: str, wire: WireFormat = ANTHROPIC) -> CallReader:
    found = reader_for(wire, label, wanted, limit=LIMIT, alive=COMMENT)
    assert found is not None
    return found


KEPT_ALIVE = {
    "Claude Code": ("claude-cli/2.1.197 (external, cli)", ANTHROPIC, STREAM),
    "Codex": (
        "codex_cli_rs/0.171.0",
        RESPONSES,
        responses.made([responses.Item("so"), responses.Item(call="held_a")]),
    ),
    "Gemini CLI": (
        "GeminiCLI/0.61.0/gemini-3",
        GEMINI,
        geminis.made([geminis.Said("so"), geminis.Said(call="held_a")]),
    ),
    "opencode": (
        "opencode/1.18.33",
        CHAT,
        chats.made([chats.Said(text="so"), chats.Said(call="held_a")]),
    ),
    "opencode over Messages": ("opencode/1.18.33", ANTHROPIC, STREAM),
}
NEWS = {
    "Claude Code": ("message_delta", {"stop_reason": None, "stop_sequence": None}),
    "Codex": ("keepalive", None),
}
"""What counts as news for a client that takes neither comments nor pings for some."""


@pytest.mark.parametrize("name", KEPT_ALIVE)
def test_a_held_call_is_kept_alive_by_what_counts_for_the_client(name: str) -> None:
    agent, wire, stream = KEPT_ALIVE[name]
    sign = client_of(agent).alive(wire)
    held = reader_for(wire, "text/event-stream", wanted, limit=LIMIT, alive=sign)
    assert held is not None
    held.feed(stream)
    before, alive = held.flow(), held.alive()
    if name in NEWS:
        [(kind, data)] = events(alive.decode())
        assert (kind, json.loads(data).get("delta")) == NEWS[name]
    else:
        # Gemini's clients fail on a comment.
        assert alive == (b"\n" if wire is GEMINI else COMMENT)
    held.rule(0, Passed())
    held.finish()
    assert before
    assert before + held.flow() == stream


@pytest.mark.parametrize("wire", [MCP, PLAIN], ids=lambda wire: wire.name)
def test_a_wire_without_calls_has_no_reader(wire: WireFormat) -> None:
    assert reader_for(wire, "text/event-stream", wanted, limit=LIMIT, alive=COMMENT) is None


@pytest.mark.parametrize("label", LABELS)
@given(timing=TIMINGS)
@settings(max_examples=10, deadline=None)
def test_a_stream_is_read_under_any_label(label: str, timing: Timing) -> None:
    out = driven(chosen(label), STREAM, lambda _: Passed(), timing, {0: b"held_a"})
    assert out == STREAM


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("before", [b"", b" \n", b"\xef\xbb\xbf", b")]}',\n"], ids=ascii)
@given(timing=TIMINGS)
@settings(max_examples=10, deadline=None)
def test_a_document_is_read_under_any_label(label: str, before: bytes, timing: Timing) -> None:
    body = before + DOCUMENT
    assert driven(chosen(label), body, lambda _: Passed(), timing, {0: b"msg"}) == body


@pytest.mark.parametrize("label", LABELS)
@given(cuts=CUTS)
@settings(max_examples=20, deadline=None)
def test_what_is_neither_goes_on_as_it_came(label: str, cuts: list[int]) -> None:
    for page in (b"<html>\n\n<p>Bad gateway</p>\r\n</html>", b"", b" ", b"upstream\nerror", b")]}"):
        read = chosen(label)
        out = b""
        for piece in cut(page, cuts):
            read.feed(piece)
            out += read.flow()
        read.finish()
        assert (out + read.flow(), read.calls) == (page, ())


@pytest.mark.parametrize(
    "label",
    [
        *("application/vnd.amazon.eventstream", "text/event-stream; charset=utf-16"),
        *("application/json; charset=utf-32-le", "application/json; charset=no-such"),
        "application/json, application/json; charset=utf-16",
    ],
)
def test_what_a_client_would_unpack_or_decode_and_we_would_not_is_withheld(label: str) -> None:
    with pytest.raises(UpstreamUnavailable):
        chosen(label)


ZEROS = {
    "framed": b"\x00\x00\x01\x2a\x00",
    "UTF-16, low": DOCUMENT.decode().encode("utf-16-le"),
    "UTF-16, high": DOCUMENT.decode().encode("utf-16-be"),
    "UTF-32": DOCUMENT.decode().encode("utf-32"),
}


@pytest.mark.parametrize("body", ZEROS.values(), ids=ZEROS)
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("size", [1, 3, 70])
def test_bytes_with_zeros_are_withheld_however_they_are_cut(
    label: str, body: bytes, size: int
) -> None:
    read = chosen(label)
    with pytest.raises(UpstreamUnavailable):  # noqa: PT012 - whichever piece shows it
        for piece in cut(body, list(range(0, len(body), size))):
            read.feed(piece)
    assert read.flow() == b""


def test_before_anything_came_the_label_says_what_can_be_said() -> None:
    stream, document = chosen("text/event-stream"), chosen("application/json")
    for read in (stream, document):
        assert (read.flow(), read.calls, read.keeps) == (b"", (), False)
        assert (read.say("x"), read.alive()) == (b"", b"")
    assert stream.is_streamed
    assert not document.is_streamed
    assert b"message_stop" in stream.stop("Stopped.")
    assert json.loads(document.stop("Stopped."))["content"][0]["text"] == "Stopped."
