"""The hooks of a tool as its configuration spells them."""

from __future__ import annotations

import re
from typing import Any

TOOLS = ("cursor", "claude", "codex")
LEVELS = ("user", "project", "fleet")
WAIT_SECONDS = 3540
"""How long a hook waits for a person. With the margin this is the hour up to which Cursor is
silent about a timeout."""
_MARGIN_SECONDS = 60
_STATUS = "Abeyance is checking this. If it needs approval, a manager is being asked in Slack."
_NO_ANSWER = "Abeyance could not check this, so it is blocked. Run `abeyance doctor --workstation`."

# What Cursor had before version 2.4; one unknown name voids the whole file.
_EARLY_CURSOR = (
    "beforeSubmitPrompt",
    "beforeShellExecution",
    "beforeMCPExecution",
    "beforeReadFile",
)
# `preToolUse` is the gate of every tool, and the only one that can take a changed call. The events
# behind it see what is about to run, which is one decision with it where nothing has changed.
_CURSOR = (*_EARLY_CURSOR, "beforeTabFileRead", "preToolUse")
_CURSOR_TOOL_EVENTS = (2, 4)
_CLAUDE = ("UserPromptSubmit", "UserPromptExpansion", "PreToolUse")
_CLAUDE_FAILS_CLOSED = (2, 1, 295)
_CODEX = ("UserPromptSubmit", "PreToolUse", "PermissionRequest")


def hooks_for(
    tool: str,
    level: str = "user",
    version: str = "",
    *,
    command: str = "abeyance",
    gateway: str = "",
    wait: int = WAIT_SECONDS,
    windows: bool = False,
) -> dict[str, Any]:
    """Return the hooks of a tool as a document: what stands in its file beside what others wrote.

    `version` is the tool's, where it is known; `command` starts Abeyance there, quoted for a shell.
    With a gateway the hook asks that one, whatever the environment and the user's sign-in say.
    The document is that of Cursor's hooks.json, of Claude Code's settings and of Codex' hooks.json.
    """
    if tool not in TOOLS or level not in LEVELS:
        raise ValueError(f"{tool} {level}")
    if windows and tool == "claude":
        # It starts hooks with Git Bash there, which takes a backslash for an escape.
        command = command.replace("\\", "/")
    line = f"{command} hook {tool} --wait {wait}"
    if gateway:
        line += f" --gateway {gateway}"
    timeout = wait + _MARGIN_SECONDS
    if tool == "cursor":
        early = _older(version, _CURSOR_TOOL_EVENTS)
        entry = {"command": line, "timeout": timeout, "failClosed": True}
        return {
            "version": 1,
            "hooks": {event: [dict(entry)] for event in (_EARLY_CURSOR if early else _CURSOR)},
        }
    handler: dict[str, Any] = {
        "type": "command",
        "command": line if windows else _fail_closed(line),
        "timeout": timeout,
        "statusMessage": _STATUS,
    }
    if tool == "claude":
        handler["onFailure"] = "block"
    events = _CLAUDE if tool == "claude" else _CODEX
    return {"hooks": {event: [{"hooks": [dict(handler)]}] for event in events}}


def warnings_for(tool: str, level: str, version: str = "") -> list[str]:
    """Return what these hooks do not do, for whoever installs them."""
    told = []
    if tool == "cursor" and level == "project":
        told.append(
            "Cursor's cloud agents also run a project's hooks: where Abeyance is not installed in "
            "their machine, everything they do is blocked."
        )
    if tool == "cursor" and level == "user":
        told.append("A user can delete this file. For a company's machines, use --fleet.")
    if tool == "claude" and _older(version, _CLAUDE_FAILS_CLOSED):
        told.append(
            f"Claude Code {version} lets an action through when a hook times out. Version 2.1.295 "
            "and later block it."
        )
    if tool == "codex":
        told.append(
            "Codex lets an action through when a hook times out, and runs a new or changed hook "
            "only after you trust it: type /hooks in Codex. Send Codex through the gateway too, "
            "which holds tool calls in the model's answer."
        )
    return told


def _fail_closed(line: str) -> str:
    """Return a command of the shell that blocks (exit code 2) whenever `line` fails.

    A hook that is killed, crashes or is not installed would otherwise let the action through.
    """
    return f"{line} || {{ echo '{_NO_ANSWER}' >&2; exit 2; }}"


def _older(version: str, than: tuple[int, ...]) -> bool:
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[: len(than)])
    return bool(numbers) and numbers < than
