from __future__ import annotations

import pytest

from app.errors import BadSettings
from app.wire.registry import WIRES, call_kind, only_counts, wire_for

CHOSEN = [
    ("openai", "v1/chat/completions", "openai_chat"),
    ("auto", "V0/Agents", "cursor"),
    ("openai", "v1/CHAT/completions", "openai_chat"),
    ("openai", "/openai/deployments/d/chat/completions", "openai_chat"),
    ("openai", "v1/completions", "openai_completions"),
    ("openai", "v1/responses", "openai_responses"),
    ("openai", "v1/responses/resp_1", "openai_responses"),
    ("openai", "v1/embeddings", "openai_embeddings"),
    ("openai", "v1/models", "plain"),
    ("openai", "v1/messages", "plain"),
    ("anthropic", "v1/messages", "anthropic"),
    ("anthropic", "v1/messages/count_tokens", "anthropic"),
    ("anthropic", "v1/models", "plain"),
    ("cursor", "v1/agents", "cursor"),
    ("cursor", "v0/agents/bc-1/followup", "cursor"),
    ("cursor", "v1/me", "cursor"),
    ("gemini", "v1beta/models/g:generateContent", "gemini"),
    ("gemini", "v1beta/models/g:streamGenerateContent", "gemini"),
    ("gemini", "v1beta/openai/chat/completions", "openai_chat"),
    ("mcp", "anything", "mcp"),
    ("plain", "v1/chat/completions", "plain"),
    ("auto", "v1/chat/completions", "openai_chat"),
    ("auto", "v1/messages", "anthropic"),
    ("auto", "v1/threads/t/messages", "plain"),
    ("auto", "v0/agents", "cursor"),
    ("auto", "v1/agents/bc-1/runs/r/stream", "cursor"),
    ("auto", "v1beta/models/g:streamGenerateContent", "gemini"),
    ("auto", "mcp", "mcp"),
    ("auto", "api/generate", "plain"),
    ("auto", "", "plain"),
]


@pytest.mark.parametrize(("wire", "path", "name"), CHOSEN)
def test_the_format_is_chosen_by_connection_and_path(wire: str, path: str, name: str) -> None:
    assert wire_for(wire, path, {}).name == name


@pytest.mark.parametrize(
    ("wire", "path", "kind"),
    [
        ("anthropic", "v1/messages/count_tokens", "anthropic"),
        ("anthropic", "messages/count_tokens", "anthropic"),
        ("auto", "anthropic/v1/messages/count_tokens", "anthropic"),
        ("openai", "v1/responses/input_tokens", "openai_responses"),
        ("openai", "openai/v1/responses/input_tokens", "openai_responses"),
        ("gemini", "v1beta/models/g:countTokens", "gemini"),
        ("auto", "v1/projects/p/locations/l/publishers/google/models/g:countTokens", "gemini"),
    ],
)
def test_tokens_are_counted_at_the_endpoints_that_say_so(wire: str, path: str, kind: str) -> None:
    known = wire_for(wire, path, {})
    assert only_counts(known, "POST", path)
    assert call_kind(known, "POST", path) == kind
    assert not only_counts(known, "GET", path)


@pytest.mark.parametrize(
    ("wire", "path"),
    [
        ("plain", "v1/messages/count_tokens"),
        ("plain", "v1/responses/input_tokens"),
        ("openai", "v1/messages/count_tokens"),
        ("anthropic", "v1/messages/batches/messages/count_tokens"),
        ("openai", "v1/responses/r/responses/input_tokens"),
        ("auto", "v1/threads/t/messages/count_tokens"),
        ("anthropic", "v1/teams/messages"),
        ("openai", "v1/fine_tuning/chat/completions"),
        ("gemini", "v1beta/files/f:countTokens"),
        ("gemini", "v1beta/cachedContents/models/g:countTokens"),
    ],
)
def test_a_path_that_only_ends_like_them_counts_nothing_and_is_its_own_kind_of_call(
    wire: str, path: str
) -> None:
    known = wire_for(wire, path, {})
    assert not only_counts(known, "POST", path)
    assert call_kind(known, "POST", path) == f"POST /{path}"


def test_a_responses_body_on_the_chat_path_is_read_as_such_and_answered_as_chat() -> None:
    wire = wire_for("openai", "v1/chat/completions", {"input": "hello", "stream": True})
    assert wire.name == "openai_chat"
    (segment,) = wire.read({"input": "hello"}).segments
    assert (segment.text, segment.role.value) == ("hello", "user")


def test_an_unknown_wire_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadSettings, match="anthropic, auto, cursor"):
        wire_for("carrier-pigeon", "x", None)
    assert "auto" in WIRES
