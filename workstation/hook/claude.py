"""Claude Code: its events, and answers in its words.

Source: code.claude.com/docs/en/hooks; tried with 2.1.197 and 2.1.332. What is allowed is left to
Claude Code's own permission rules: our `allow` would skip the question that it asks its user.
"""

from __future__ import annotations

from workstation.hook import nested
from workstation.hook.answer import (
    GatewayVerdict,
    HookEvent,
    HookOutput,
    HookQuestion,
    UnreadableEvent,
    arguments,
    given,
    needed,
    text,
)

_PROMPTS = ("UserPromptSubmit", "UserPromptExpansion")


def question(event: HookEvent) -> HookQuestion:
    """Return what to ask the gateway. Raises UnreadableEvent."""
    common: HookQuestion = {
        "conversation": text(event, "session_id"),
        "turn": text(event, "prompt_id"),
        "call_id": text(event, "tool_use_id"),
        "folder": text(event, "cwd"),
    }
    return given(common) | _content(event)


def _content(event: HookEvent) -> HookQuestion:
    match event.get("hook_event_name"):
        case name if name in _PROMPTS:
            return {"event": "prompt", "prompt": needed(event, "prompt")}
        case "PreToolUse" | "PermissionRequest":
            name = needed(event, "tool_name")
            return {"event": "tool_call", "name": name, "arguments": arguments(event)}
        case other:
            raise UnreadableEvent(f"Abeyance does not check the event “{other}”")


def answer(event: HookEvent, verdict: GatewayVerdict) -> HookOutput:
    """Say the verdict in the words of the event."""
    if not verdict.allowed:
        return blocked(event, verdict.message)
    changed = verdict.changed if verdict.changed != arguments(event) else None
    match event.get("hook_event_name"):
        case "PreToolUse" if changed is not None:
            return nested.specific(event, {"updatedInput": changed})
        case "PermissionRequest" if verdict.by_person:
            new: HookEvent = {"updatedInput": changed} if changed is not None else {}
            return nested.specific(event, {"decision": {"behavior": "allow"} | new})
        case _:
            return HookOutput({})


def blocked(event: HookEvent, message: str) -> HookOutput:
    """Block; an event that is not known is blocked by the exit code."""
    return nested.blocked(event, message, _PROMPTS)
