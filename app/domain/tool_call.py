"""A call of a tool: what an agent is about to do, before it does it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call, as a model's answer asks for it or a request of MCP makes it.

    `arguments` is what was written: JSON for most tools, free text for some.
    """

    tool: str
    """The tool's name, as the client knows it."""
    arguments: str
    call_id: str = ""
    by_provider: bool = False
    """Whether the provider runs it, so that nothing can hold it any more."""


@dataclass(frozen=True, slots=True)
class HeldCall:
    """A call that people decide on, safe to show: every secret in it is masked."""

    tool: str
    arguments: str
    """Its JSON with the keys in order, or its text."""
    conversation: str = ""
    """A name of the conversation that it belongs to; empty where none is known."""
    folder: str = ""
    """In which folder the agent works, where it says so."""
    ask: str = ""
    """What the person typed that led to it."""
    before: tuple[str, ...] = ()
    """What ran before it in the conversation, the latest last, a line each."""
    call_id: str = ""
    """Its id, as the model's answer gave it; empty where it has none."""
    editable: bool = True
    """Whether an approver may change it: not where something in it is masked or left out."""
    is_request: bool = False
    """Whether a request makes it, as over MCP, and no model's answer."""
