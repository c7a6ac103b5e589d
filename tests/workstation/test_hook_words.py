"""Events of the tools as they send them, what the gateway is asked, and the answers they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workstation.hook import claude, codex, cursor
from workstation.hook.answer import GatewayVerdict

if TYPE_CHECKING:
    from types import ModuleType

ALLOWED = GatewayVerdict(allowed=True)
APPROVED = GatewayVerdict(allowed=True, by_person=True)
DENIED = GatewayVerdict(allowed=False, message="Maria says no.")
CHANGED: dict[str, object] = {"command": "echo changed"}

# Recorded from Claude Code 2.1.197 and 2.1.332, and from Codex 0.171.0.
CLAUDE = {
    "session_id": "51e20401-a071-4f50-98b0-cbd764e84f7c",
    "transcript_path": "/home/ann/.claude/projects/-src/51e20401.jsonl",
    "cwd": "/src",
    "prompt_id": "a94880d2-8c2a-42f4-a0ca-91163b0897c6",
    "permission_mode": "default",
}
CLAUDE_ASKS = {
    "conversation": "51e20401-a071-4f50-98b0-cbd764e84f7c",
    "turn": "a94880d2-8c2a-42f4-a0ca-91163b0897c6",
    "folder": "/src",
}
CODEX = {
    "session_id": "01a228e1-dcf1-70f1-87e3-8e9861147384",
    "turn_id": "01a228e1-dd4c-7d41-b11d-239e2d3b31f8",
    "transcript_path": "/home/ann/.codex/sessions/2026/11/29/rollout.jsonl",
    "cwd": "/src",
    "model": "gpt-5.2-codex",
    "permission_mode": "default",
}
CODEX_ASKS = {
    "conversation": "01a228e1-dcf1-70f1-87e3-8e9861147384",
    "turn": "01a228e1-dd4c-7d41-b11d-239e2d3b31f8",
    "model": "gpt-5.2-codex",
    "folder": "/src",
}
# As the local runtime of @cursor/sdk 1.0.32 makes them.
CURSOR = {
    "conversation_id": "c-1",
    "generation_id": "g-1",
    "model": "composer-2",
    "session_id": "c-1",
    "cursor_version": "3.11.2",
    "workspace_roots": ["/src"],
    "user_email": None,
    "transcript_path": None,
}
CURSOR_ASKS = {
    "conversation": "c-1",
    "turn": "g-1",
    "model": "composer-2",
    "folder": "/src",
}
PROMPT = {"prompt": "Take down the moonbase"}
ASKS_PROMPT = {"event": "prompt"} | PROMPT
BASH = {"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "toolu_1"}
ASKS_BASH = {"event": "tool_call", "name": "Bash", "arguments": {"command": "ls"}}
SHELL = {"tool_name": "Shell", "tool_input": {"command": "ls", "cwd": ""}, "tool_use_id": "t1"}
ASKS_SHELL = {"event": "tool_call", "name": "Shell", "arguments": {"command": "ls"}}
FILE = {"file_path": "/src/.env", "content": "A=1", "attachments": []}
ASKS_FILE = {"event": "read", "path": "/src/.env", "content": "A=1"}
ASKS_SEARCH = {"event": "tool_call", "name": "MCP:search", "arguments": {"q": "x"}}
DENY = {"permission": "deny", "user_message": "Maria says no."}
DENY_CALL = DENY | {"agent_message": "Maria says no."}


def specific(event: str, **words: object) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": event, **words}}


DENY_TOOL = specific(
    "PreToolUse", permissionDecision="deny", permissionDecisionReason="Maria says no."
)
DENY_PERMISSION = specific(
    "PermissionRequest", decision={"behavior": "deny", "message": "Maria says no."}
)
BLOCK = {"decision": "block", "reason": "Maria says no."}
EXPANSION = {"expansion_type": "slash_command", "command_name": "deploy"} | PROMPT

# tool, event, what it says, what is asked, the answer to an allow and to a deny
EVENTS = [
    (claude, "UserPromptSubmit", PROMPT, ASKS_PROMPT, {}, BLOCK),
    (claude, "UserPromptExpansion", EXPANSION, ASKS_PROMPT, {}, BLOCK),
    (claude, "PreToolUse", BASH, ASKS_BASH | {"call_id": "toolu_1"}, {}, DENY_TOOL),
    (claude, "PermissionRequest", BASH, ASKS_BASH | {"call_id": "toolu_1"}, {}, DENY_PERMISSION),
    (codex, "UserPromptSubmit", PROMPT, ASKS_PROMPT, {}, BLOCK),
    (codex, "PreToolUse", BASH, ASKS_BASH | {"call_id": "toolu_1"}, {}, DENY_TOOL),
    (
        codex,
        "PermissionRequest",
        {"tool_name": "Bash", "tool_input": {"command": "ls", "description": "To look around"}},
        ASKS_BASH,
        {},
        DENY_PERMISSION,
    ),
    (
        cursor,
        "beforeSubmitPrompt",
        PROMPT | {"attachments": []},
        ASKS_PROMPT,
        {"continue": True},
        {"continue": False, "user_message": "Maria says no."},
    ),
    (
        cursor,
        "preToolUse",
        SHELL,
        ASKS_SHELL | {"call_id": "t1"},
        {"permission": "allow"},
        DENY_CALL,
    ),
    (
        cursor,
        "beforeShellExecution",
        {"command": "ls", "cwd": "", "sandbox": False},
        ASKS_SHELL,
        {"permission": "allow"},
        DENY_CALL,
    ),
    (
        cursor,
        "preToolUse",
        {"tool_name": "MCP:search", "tool_input": {"q": "x"}},
        ASKS_SEARCH,
        {"permission": "allow"},
        DENY_CALL,
    ),
    (
        cursor,
        "beforeMCPExecution",
        {"tool_name": "search", "tool_input": '{"q": "x"}', "command": "npx search"},
        ASKS_SEARCH,
        {"permission": "allow"},
        DENY_CALL,
    ),
    (cursor, "beforeReadFile", FILE, ASKS_FILE, {"permission": "allow"}, DENY),
    (cursor, "beforeTabFileRead", FILE, ASKS_FILE, {"permission": "allow"}, DENY),
    (
        cursor,
        "subagentStart",
        {"subagent_id": "s1", "subagent_type": "explore", "task": "Look", "tool_call_id": "t2"},
        {
            "event": "tool_call",
            "name": "Task",
            "arguments": {"subagent_type": "explore", "task": "Look"},
            "call_id": "t2",
        },
        {"permission": "allow"},
        DENY,
    ),
]
COMMON = {claude: (CLAUDE, CLAUDE_ASKS), codex: (CODEX, CODEX_ASKS), cursor: (CURSOR, CURSOR_ASKS)}


def event_of(tool: ModuleType, name: str, said: dict[str, Any]) -> dict[str, Any]:
    return COMMON[tool][0] | {"hook_event_name": name} | said


@pytest.mark.parametrize(
    ("tool", "name", "said", "asked", "allow", "deny"),
    EVENTS,
    ids=[f"{n}-{each[0].__name__.rpartition('.')[2]}-{each[1]}" for n, each in enumerate(EVENTS)],
)
def test_an_event_is_asked_about_and_answered(
    tool: ModuleType,
    name: str,
    said: dict[str, Any],
    asked: dict[str, Any],
    allow: dict[str, Any],
    deny: dict[str, Any],
) -> None:
    event = event_of(tool, name, said)
    assert tool.question(event) == COMMON[tool][1] | asked
    for verdict, answer in ((ALLOWED, allow), (DENIED, deny)):
        assert tool.answer(event, verdict).document == answer
        assert tool.answer(event, verdict).code == 0


@pytest.mark.parametrize("tool", [claude, codex])
def test_only_what_a_person_approved_skips_the_tools_own_question(tool: ModuleType) -> None:
    event = event_of(tool, "PermissionRequest", BASH)
    allow = specific("PermissionRequest", decision={"behavior": "allow"})
    assert tool.answer(event, APPROVED).document == allow
    assert tool.answer(event_of(tool, "PreToolUse", BASH), APPROVED).document == {}


@pytest.mark.parametrize(
    ("tool", "name", "said", "answer"),
    [
        (claude, "PreToolUse", BASH, specific("PreToolUse", updatedInput=CHANGED)),
        (
            codex,
            "PreToolUse",
            BASH,
            specific("PreToolUse", permissionDecision="allow", updatedInput=CHANGED),
        ),
        (
            cursor,
            "preToolUse",
            SHELL,
            {"permission": "allow", "updated_input": {"command": "echo changed", "cwd": ""}},
        ),
    ],
    ids=["claude", "codex", "cursor"],
)
def test_a_changed_call_runs_as_it_was_changed(
    tool: ModuleType, name: str, said: dict[str, Any], answer: dict[str, Any]
) -> None:
    event = event_of(tool, name, said)
    assert tool.answer(event, GatewayVerdict(allowed=True, changed=CHANGED)).document == answer


WRITE = {"tool_name": "Write", "tool_input": {"file_path": "a", "content": "x"}}
SEARCH = {"tool_name": "MCP:search", "tool_input": {"q": "x", "all": True}}


@pytest.mark.parametrize(
    ("tool", "name", "said", "changed"),
    [
        # Cursor takes only the path of a file to write, and keeps an argument that was taken out.
        (cursor, "preToolUse", WRITE, {"file_path": "a", "content": "y"}),
        (cursor, "preToolUse", SEARCH, {"q": "x"}),
        (cursor, "beforeShellExecution", {"command": "ls", "cwd": ""}, CHANGED),
        (codex, "PermissionRequest", BASH, CHANGED),
    ],
    ids=["written", "taken-out", "behind-the-gate", "codex-permission"],
)
def test_a_change_that_the_tool_would_ignore_is_denied_with_the_change(
    tool: ModuleType, name: str, said: dict[str, Any], changed: dict[str, Any]
) -> None:
    event = event_of(tool, name, said)
    document = str(tool.answer(event, GatewayVerdict(allowed=True, changed=changed)).document)
    assert "deny" in document
    for value in changed.values():
        assert str(value) in document


def test_a_command_that_runs_as_it_was_changed_is_allowed_behind_the_gate() -> None:
    event = event_of(cursor, "beforeShellExecution", CHANGED)
    answer = cursor.answer(event, GatewayVerdict(allowed=True, changed=CHANGED))
    assert answer.document == {"permission": "allow"}
