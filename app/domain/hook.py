"""A hook of an agent's own: it asks before the agent does something, and says what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class HookTool(StrEnum):
    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    CURSOR = "cursor"

    @property
    def label(self) -> str:
        """Its name as people write it."""
        return self.value.replace("-", " ").title()


class HookEvent(StrEnum):
    PROMPT = "prompt"
    """A person sent a prompt."""
    TOOL_CALL = "tool_call"
    """The agent is about to call a tool."""
    TOOL_RESULT = "tool_result"
    """A tool returned something."""
    READ = "read"
    """The agent is about to read a file."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Which hook asked. All of it is what the caller's machine says; nothing proves it.

    `folder` is safe to show: secrets in it are masked.
    """

    tool: HookTool
    event: HookEvent
    folder: str = ""
    conversation: str = ""
    """A name of the conversation; empty where none is known."""
    call_id: str = ""
    """The id of the tool call, as the model's answer gave it."""
