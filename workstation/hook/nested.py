"""The form of answers that Claude Code and Codex share: what counts stands one level down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workstation.hook.answer import HookEvent, HookOutput

if TYPE_CHECKING:
    from collections.abc import Container


def specific(event: HookEvent, words: HookEvent) -> HookOutput:
    """Say something that only this event has words for."""
    return HookOutput({"hookSpecificOutput": {"hookEventName": event["hook_event_name"]} | words})


def blocked(event: HookEvent, message: str, prompts: Container[object]) -> HookOutput:
    """Block; `prompts` are the events of a prompt. One that is not known ends by its exit code."""
    match event.get("hook_event_name"):
        case "PreToolUse":
            words: HookEvent = {"permissionDecision": "deny", "permissionDecisionReason": message}
            return specific(event, words)
        case "PermissionRequest":
            return specific(event, {"decision": {"behavior": "deny", "message": message}})
        case name if name in prompts:
            return HookOutput({"decision": "block", "reason": message})
        case _:
            return HookOutput(None, message, 2)
