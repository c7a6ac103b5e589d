"""Cursor: its events, and answers in its words.

Sources: cursor.com/docs/hooks; the local runtime of @cursor/sdk 1.0.32, which shares its code.
An allow is always printed, since no output is a failure; `ask` is never said, since Cursor does not
enforce it everywhere.
"""

from __future__ import annotations

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

_SHELL = "Shell"
# The arguments of each tool that Cursor takes from a hook; it silently runs the call with the old
# value of any other.
_CHANGEABLE = {
    _SHELL: ("command",),
    "Read": ("file_path",),
    "Delete": ("file_path",),
    "List": ("file_path",),
    "Grep": ("pattern", "file_path"),
    "Fetch": ("url",),
}
_MCP = "MCP:"


def question(event: HookEvent) -> HookQuestion:
    """Return what to ask the gateway. Raises UnreadableEvent."""
    roots = event.get("workspace_roots")
    root = roots[0] if isinstance(roots, list) and roots else ""
    common: HookQuestion = {
        "conversation": text(event, "conversation_id"),
        "turn": text(event, "generation_id"),
        "call_id": text(event, "tool_use_id") or text(event, "tool_call_id"),
        "model": text(event, "model"),
        "folder": text(event, "cwd") or (root if isinstance(root, str) else ""),
    }
    return given(common) | _content(event)


def _content(event: HookEvent) -> HookQuestion:
    match event.get("hook_event_name"):
        case "beforeSubmitPrompt":
            return {"event": "prompt", "prompt": needed(event, "prompt")}
        case "preToolUse":
            name = needed(event, "tool_name")
            return _call(name, arguments(event))
        case "beforeShellExecution":
            return _call(_SHELL, {"command": needed(event, "command")})
        case "beforeMCPExecution":
            name = needed(event, "tool_name").removeprefix(_MCP)
            return _call(f"{_MCP}{name}", arguments(event))
        case "beforeReadFile" | "beforeTabFileRead":
            path, content = needed(event, "file_path"), needed(event, "content")
            return {"event": "read", "path": path, "content": content}
        case "subagentStart":
            kind, task = text(event, "subagent_type"), needed(event, "task")
            return _call("Task", {"subagent_type": kind, "task": task})
        case other:
            raise UnreadableEvent(f"Abeyance does not check the event “{other}”")


def _call(name: str, given_arguments: HookEvent) -> HookQuestion:
    if name == _SHELL:
        # Two events tell of one command; only this part is the same in both.
        given_arguments = {"command": needed(given_arguments, "command")}
    return {"event": "tool_call", "name": name, "arguments": given_arguments}


def answer(event: HookEvent, verdict: GatewayVerdict) -> HookOutput:
    """Say the verdict in the words of the event."""
    if not verdict.allowed:
        return blocked(event, verdict.message)
    if event.get("hook_event_name") == "beforeSubmitPrompt":
        return HookOutput({"continue": True})
    changed = verdict.changed
    if changed is None or changed == question(event).get("arguments"):
        return HookOutput({"permission": "allow"})
    if not _can_take(event, changed):
        return blocked(event, cannot_change("Cursor", changed))
    return HookOutput({"permission": "allow", "updated_input": arguments(event) | changed})


def blocked(event: HookEvent, message: str) -> HookOutput:
    """Block; an event that is not known is blocked in every way that Cursor has."""
    words: HookEvent = {"user_message": message}
    match event.get("hook_event_name"):
        case "beforeSubmitPrompt":
            return HookOutput({"continue": False} | words)
        case "beforeReadFile" | "beforeTabFileRead" | "subagentStart":
            return HookOutput({"permission": "deny"} | words)
        case "preToolUse" | "beforeShellExecution" | "beforeMCPExecution":
            return HookOutput({"permission": "deny", "agent_message": message} | words)
        case _:
            everything: HookEvent = {
                "continue": False,
                "permission": "deny",
                "agent_message": message,
            }
            return HookOutput(everything | words)


def _can_take(event: HookEvent, changed: HookEvent) -> bool:
    """Whether Cursor would run the call with exactly these arguments."""
    if event.get("hook_event_name") != "preToolUse":
        return False
    name, old = text(event, "tool_name"), arguments(event)
    if name == _SHELL:
        return set(changed) == {"command"}
    if set(old) - set(changed):
        return False  # it keeps what a person took out
    different = {key for key, value in changed.items() if old.get(key) != value}
    return name.startswith(_MCP) or different <= set(_CHANGEABLE.get(name, ()))
