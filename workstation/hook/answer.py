"""What the gateway decided, and what a hook says of it to its tool."""

from __future__ import annotations

import json

HookEvent = dict[str, object]
HookQuestion = dict[str, object]
"""A request to `POST /-/evaluate`, without the tool and the patience."""


class GatewayVerdict:
    """The gateway's decision. `changed` has the arguments that a person put in their place."""

    __slots__ = ("allowed", "by_person", "changed", "message")

    def __init__(
        self,
        *,
        allowed: bool,
        message: str = "",
        changed: dict[str, object] | None = None,
        by_person: bool = False,
    ) -> None:
        self.allowed = allowed
        self.message = message
        self.changed = changed
        self.by_person = by_person


class HookOutput:
    """What a hook prints, and the code with which it ends."""

    __slots__ = ("code", "document", "error")

    def __init__(self, document: HookEvent | None = None, error: str = "", code: int = 0) -> None:
        self.document = document
        self.error = error
        self.code = code


class UnreadableEvent(Exception):
    """An event that the hook cannot read; the message is for the person at the tool."""


def text(event: HookEvent, name: str) -> str:
    """Return a text of the event; empty where there is none."""
    found = event.get(name)
    return found if isinstance(found, str) else ""


def needed(event: HookEvent, name: str) -> str:
    """Return a text that the event must have. Raises UnreadableEvent."""
    found = event.get(name)
    if not isinstance(found, str):
        raise UnreadableEvent(f"the event has no “{name}”")
    return found


def arguments(event: HookEvent, name: str = "tool_input") -> dict[str, object]:
    """Return the arguments of a tool call, which some tools give as JSON in a string."""
    found = event.get(name)
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return {"input": found}
    if found is None:
        return {}
    return dict(found) if isinstance(found, dict) else {"input": found}


def given(question: HookQuestion) -> HookQuestion:
    """Leave out what an event does not say."""
    return {name: value for name, value in question.items() if value not in ("", None)}


def cannot_change(tool: str, changed: dict[str, object]) -> str:
    """Words for a call that was approved with other arguments than the tool can run."""
    wanted = json.dumps(changed, ensure_ascii=False, indent=1)
    return (
        f"This was approved with changes that {tool} cannot make by itself, so it did not run. "
        f"Run it again exactly like this:\n{wanted}"
    )
