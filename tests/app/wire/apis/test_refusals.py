"""The shape of a refusal where no official client is at hand to try it."""

from __future__ import annotations

import json

import pytest

from app.wire.answer.sse import SseParser
from app.wire.base import Refusal
from app.wire.registry import wire_for

REFUSAL = Refusal(403, "policy_denied", "Ask Mallory.", "s-17")
PATHS = {
    "openai": "v1/chat/completions",
    "anthropic": "v1/messages",
    "cursor": "v1/agents",
    "gemini": "v1beta/models/g:generateContent",
    "mcp": "mcp",
    "plain": "x",
}


@pytest.mark.parametrize(("wire", "path"), PATHS.items())
def test_every_refusal_says_why_and_names_the_session(wire: str, path: str) -> None:
    error = json.loads(wire_for(wire, path, None).refusal(REFUSAL))["error"]
    assert error["message"] == "Ask Mallory. (session s-17)"


@pytest.mark.parametrize(("wire", "path"), PATHS.items())
def test_every_refusal_in_a_stream_is_made_of_whole_events_of_json(wire: str, path: str) -> None:
    parser = SseParser()
    events = parser.feed(wire_for(wire, path, None).in_stream_refusal(REFUSAL))
    assert parser.finish() is None
    assert "Ask Mallory." in str(events[0].data)
    assert all(
        event.data == "[DONE]" or json.loads(event.data or "") is not None for event in events
    )


def test_a_session_is_not_named_twice() -> None:
    refusal = Refusal(403, "policy_denied", "Ask, naming s-17.", "s-17")
    error = json.loads(wire_for("openai", "x", None).refusal(refusal))["error"]
    assert error["message"] == "Ask, naming s-17."


def test_cursor_gets_its_code_and_the_end_of_its_stream() -> None:
    wire = wire_for("cursor", "v1/agents", None)
    assert json.loads(wire.refusal(REFUSAL))["error"]["code"] == "policy_denied"
    names = [event.event for event in SseParser().feed(wire.in_stream_refusal(REFUSAL))]
    assert names == ["error", "done"]


def test_gemini_gets_the_status_that_its_clients_know() -> None:
    wire = wire_for("gemini", PATHS["gemini"], None)
    error = json.loads(wire.refusal(REFUSAL))["error"]
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 415, 429, 502, 503, 504])
@pytest.mark.parametrize(("wire", "path"), PATHS.items())
def test_every_status_has_a_shape(wire: str, path: str, status: int) -> None:
    refusal = Refusal(status, "code", "why")
    assert json.loads(wire_for(wire, path, None).refusal(refusal))["error"]


@pytest.mark.parametrize(("wire", "path"), PATHS.items())
def test_a_keep_alive_is_no_event(wire: str, path: str) -> None:
    events = SseParser().feed(wire_for(wire, path, None).keep_alive())
    assert all(event.data is None for event in events)


def test_gemini_is_kept_alive_without_a_comment() -> None:
    assert wire_for("gemini", PATHS["gemini"], None).keep_alive() == b"\n"
