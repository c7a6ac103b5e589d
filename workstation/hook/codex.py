"""Codex: its events, and answers in its words.

Sources: the hook schemas of openai/codex; tried with 0.171.0. It reads answers strictly: a member
that it does not know, or an `allow` of a tool call that changes nothing, is an error, after which
the action goes on. So what is allowed is said by an empty object.
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
    cannot_change,
    given,
    needed,
    text,
)

_SHELL = "Bash"
_PROMPTS = ("UserPromptSubmit",)


def question(event: HookEvent) -> HookQuestion:
    """Return what to ask the gateway. Raises UnreadableEvent."""
    common: HookQuestion = {
        "conversation": text(event, "session_id"),
        "turn": text(event, "turn_id"),
        "call_id": text(event, "tool_use_id"),
        "model": text(event, "model"),
        "folder": text(event, "cwd"),
    }
    return given(common) | _content(event)


def _content(event: HookEvent) -> HookQuestion:
    match event.get("hook_event_name"):
        case name if name in _PROMPTS:
            return {"event": "prompt", "prompt": needed(event, "prompt")}
        case "PreToolUse" | "PermissionRequest":
            name = needed(event, "tool_name")
            return {"event": "tool_call", "name": name, "arguments": _arguments(event)}
        case other:
            raise UnreadableEvent(f"Abeyance does not check the event “{other}”")


def _arguments(event: HookEvent) -> HookEvent:
    """Leave out the reason that a request for permission has beside the command."""
    found = arguments(event)
    return {"command": found["command"]} if _is_shell(event, found) else found


def _is_shell(event: HookEvent, found: HookEvent) -> bool:
    return event.get("tool_name") == _SHELL and isinstance(found.get("command"), str)


def answer(event: HookEvent, verdict: GatewayVerdict) -> HookOutput:
    """Say the verdict in the words of the event."""
    if not verdict.allowed:
        return blocked(event, verdict.message)
    changed = verdict.changed if verdict.changed != _arguments(event) else None
    match event.get("hook_event_name"):
        case "PreToolUse" if changed is not None and set(changed) == {"command"}:
            return nested.specific(event, {"permissionDecision": "allow", "updatedInput": changed})
        case _ if changed is not None:
            return blocked(event, cannot_change("Codex", changed))
        case "PermissionRequest" if verdict.by_person:
            return nested.specific(event, {"decision": {"behavior": "allow"}})
        case _:
            return HookOutput({})


def blocked(event: HookEvent, message: str) -> HookOutput:
    """Block; an event that is not known is blocked by the exit code."""
    return nested.blocked(event, message, _PROMPTS)
