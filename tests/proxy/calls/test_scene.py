"""What a card tells of the conversation that led to a call."""

from __future__ import annotations

import json

import pytest

from app.domain.connection import Connection, CredentialScheme
from policies.loader import SHIPPED, load_catalog
from proxy.calls.scene import Scene, scene_of
from proxy.inspection import Incoming
from tests.policies.made import ALICE, AWS_KEY

CATALOG = load_catalog(SHIPPED)
CLAUDE = {"x-claude-code-session-id": "5f0c"}
WORK = "<system-reminder>\nMind the tests.\n</system-reminder>\nDrop the old pods."


def call(name: str, command: str) -> dict[str, object]:
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": {"command": command}}


def scene(headers: dict[str, str], messages: list[dict[str, object]], system: str = "") -> Scene:
    body = json.dumps({"model": "m", "system": system, "messages": messages}).encode()
    sent = tuple({"content-type": "application/json", **headers}.items())
    connection = Connection("anthropic", "https://up.example", CredentialScheme.X_API_KEY, b"")
    incoming = Incoming(connection, "POST", "v1/messages", "", sent, body, ALICE)
    return scene_of(incoming, CATALOG)


def test_what_a_person_typed_and_what_ran_since_are_told() -> None:
    told = scene(
        CLAUDE,
        [
            {"role": "user", "content": WORK},
            {"role": "assistant", "content": [call("Bash", "kubectl get pods")]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]},
            {"role": "assistant", "content": [call("Bash", f"login {AWS_KEY}")]},
        ],
        system="<env>\nWorking directory: /home/alice/shop\n</env>",
    )
    assert told.ask == "Drop the old pods."
    assert told.folder == "/home/alice/shop"
    assert told.before == ("Bash: kubectl get pods", "Bash: login [aws-access-key-id]")


def test_what_ran_over_responses_is_each_call_and_nothing_that_was_only_said() -> None:
    said = {"role": "assistant", "content": [{"type": "output_text", "text": "It was not run."}]}
    ran = [
        {
            "type": "function_call",
            "name": "shell",
            "call_id": cmd,
            "arguments": f'{{"cmd":"{cmd}"}}',
        }
        for cmd in ("ls", "git status")
    ]
    patch = {"type": "custom_tool_call", "name": "apply_patch", "call_id": "c", "input": "a patch"}
    body = json.dumps({"model": "m", "input": [said, *ran, patch]}).encode()
    connection = Connection("openai", "https://up.example", CredentialScheme.BEARER, b"")
    sent = (("content-type", "application/json"),)
    incoming = Incoming(connection, "POST", "v1/responses", "", sent, body, ALICE)
    before = scene_of(incoming, CATALOG).before
    assert before == ("shell: ls", "shell: git status", "apply_patch: a patch")


@pytest.mark.parametrize(
    "header",
    ["Abeyance-Conversation", "x-claude-code-session-id", "session_id", "session-id"],
)
def test_a_conversation_is_what_its_client_calls_it(header: str) -> None:
    prompt: list[dict[str, object]] = [{"role": "user", "content": "Review this change."}]
    one, again = (scene({header.lower(): "a"}, prompt) for _ in range(2))
    assert one.conversation == again.conversation != ""
    assert scene({header.lower(): "b"}, prompt).conversation != one.conversation


def test_how_it_began_names_no_conversation() -> None:
    """Many jobs begin with the same words: one approval of a task would be for all of them."""
    assert scene({}, [{"role": "user", "content": "Review this change."}]).conversation == ""
