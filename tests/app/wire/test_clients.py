"""What single clients need. That they need it, `tests/clients` shows with the programs."""

from __future__ import annotations

import json

import pytest

from app.wire.answer.sse import SseParser
from app.wire.base import Refusal
from app.wire.clients import CLIENTS, client_of
from app.wire.registry import WIRES, wire_for

REFUSED = Refusal(403, "approval_denied", "Maria said no.", "s-17")
BUSY = Refusal(503, "restarting", "In a moment.", "s-17")
MESSAGES = wire_for("anthropic", "v1/messages", None)
RESPONSES = wire_for("openai", "v1/responses", None)
GEMINI = wire_for("gemini", "v1beta/models/g:streamGenerateContent", None)
# As they were seen on the wire.
CLAUDE_CODE = "claude-cli/2.1.197 (external, sdk-cli)"
CODEX = "codex_exec/0.171.0 (Debian 12.0.0; x86_64) dumb (codex_exec; 0.171.0)"
GEMINI_CLI = "GeminiCLI-tui/0.61.0/gemini-2.5-pro (linux; x64; terminal)"
OPENCODE = "opencode/1.18.33 ai-sdk/provider-utils/4.0.46 runtime/bun/1.3.14"
OPENAI_SDK = "AsyncOpenAI/Python 3.57.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CLAUDE_CODE, "Claude Code"),
        (CODEX, "Codex"),
        ("codex-tui/0.171.0 (Debian 12.0.0; x86_64) xterm-256color", "Codex"),
        ("codex_vscode/0.171.0", "Codex"),
        (GEMINI_CLI, "Gemini CLI"),
        (OPENCODE, "opencode"),
    ],
)
def test_a_client_is_known_by_its_user_agent(user_agent: str, name: str) -> None:
    assert client_of(user_agent) is CLIENTS[name]


@pytest.mark.parametrize("user_agent", ["", OPENAI_SDK, "curl/8.5.0", "my-codex_exec/1"])
@pytest.mark.parametrize("status", [400, 401, 403, 429, 503])
def test_whoever_is_not_known_gets_what_sdks_do(user_agent: str, status: int) -> None:
    client, refusal = client_of(user_agent), Refusal(status, "a_code", "why")
    assert client.told(refusal) == refusal
    assert client.alive(MESSAGES) == MESSAGES.keep_alive()
    spelt = client.end_of_stream(RESPONSES, refusal, begun=False)
    assert spelt == RESPONSES.in_stream_refusal(refusal)


@pytest.mark.parametrize(
    ("user_agent", "status", "told"),
    [
        (CLAUDE_CODE, 403, (400, "a_code")),
        (CLAUDE_CODE, 413, (413, "a_code")),
        (CLAUDE_CODE, 401, (401, "a_code")),
        (CODEX, 400, (400, "invalid_prompt")),
        (CODEX, 403, (400, "invalid_prompt")),
        (CODEX, 404, (400, "invalid_prompt")),
        (CODEX, 401, (401, "a_code")),
        (CODEX, 429, (429, "a_code")),
        (CODEX, 503, (503, "a_code")),
        (OPENCODE, 403, (403, "a_code")),
        (GEMINI_CLI, 403, (403, "a_code")),
    ],
)
def test_a_refusal_gets_the_status_and_code_that_end_a_client(
    user_agent: str, status: int, told: tuple[int, str]
) -> None:
    refusal = client_of(user_agent).told(Refusal(status, "a_code", "why", "s-17", (1,)))
    assert (refusal.status, refusal.code) == told
    assert (refusal.message, refusal.session_id, refusal.calls) == ("why", "s-17", (1,))


def test_claude_code_and_codex_are_kept_alive_by_events() -> None:
    [event] = SseParser().feed(client_of(CLAUDE_CODE).alive(MESSAGES))
    assert event.event == "message_delta"
    assert json.loads(event.data or "")["delta"]["stop_reason"] is None
    [event] = SseParser().feed(client_of(CODEX).alive(RESPONSES))
    assert (event.event, json.loads(event.data or "")) == ("keepalive", {"type": "keepalive"})


def test_a_refused_message_is_an_error_after_an_empty_block() -> None:
    spelt = client_of(CLAUDE_CODE).end_of_stream(MESSAGES, REFUSED, begun=False)
    names = [event.event for event in SseParser().feed(spelt)]
    assert names == ["message_start", "content_block_start", "content_block_stop", "error"]


@pytest.mark.parametrize(("refusal", "begun"), [(BUSY, False), (REFUSED, True)])
def test_an_error_stands_alone_where_a_message_has_begun_or_a_retry_helps(
    refusal: Refusal, *, begun: bool
) -> None:
    spelt = client_of(CLAUDE_CODE).end_of_stream(MESSAGES, refusal, begun=begun)
    assert [event.event for event in SseParser().feed(spelt)] == ["error"]


@pytest.mark.parametrize("begun", [False, True])
def test_gemini_cli_gets_a_bare_error_and_opencode_a_blocked_answer(*, begun: bool) -> None:
    bare = client_of(GEMINI_CLI).end_of_stream(GEMINI, REFUSED, begun=begun)
    assert json.loads(bare)["error"]["message"] == "Maria said no. (session s-17)"
    [event] = SseParser().feed(client_of(OPENCODE).end_of_stream(GEMINI, REFUSED, begun=begun))
    [candidate] = json.loads(event.data or "")["candidates"]
    assert candidate["finishReason"] == "SAFETY"
    assert candidate["content"]["parts"] == [{"text": "Maria said no. (session s-17)"}]


@pytest.mark.parametrize("user_agent", [GEMINI_CLI, OPENCODE])
def test_what_may_pass_by_itself_stays_an_error_that_is_retried(user_agent: str) -> None:
    spelt = client_of(user_agent).end_of_stream(GEMINI, BUSY, begun=False)
    assert spelt == GEMINI.in_stream_refusal(BUSY)


def test_the_table_names_wires_that_exist() -> None:
    paths = ("v1/messages", "v1/responses", "v1/models/g:streamGenerateContent")
    known = {wire_for(kind, path, None).name for kind in WIRES for path in paths}
    for client in CLIENTS.values():
        assert {*client.keep_alive, *client.last_words} <= known
