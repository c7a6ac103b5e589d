"""The line that a developer reads in her agent while her request is held.

Theory of operation. The stream is begun for the upstream: with a finished block of text, which
agents print at once. What the upstream sends later goes on behind it, as the rest of the same
message: its own beginning is left out, and its blocks are counted from one higher.

    sent at once        message begins · block 0: "⏳ Waiting for approval by managers…"
    from the upstream   [message begins] · block 0 → 1 · block 1 → 2 · message ends

The agent keeps the line in the conversation as the model's own words, and sends it back with each
request. There it is taken out again before anything else looks at it: so the provider sees what it
would have seen without us, and no model learns to write such lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeGuard

if TYPE_CHECKING:
    from app.wire.base import Json

_LINE = re.compile(
    r"⏳ Waiting for approval by [^\n]{1,300} in Slack \(request [0-9A-Z]{4,12}\)\. "
    r"This continues by itself\."
)
_LONGEST = 300


class Continuation(Protocol):
    """The rest of an answer that was begun with a line. Whole events in, whole events out."""

    def feed(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How one API's stream shows a line."""

    opening: Callable[[str, str], bytes]
    """Spells, of a line and the model's name, an answer that has said the line so far."""
    continuation: Callable[[str], Continuation]


def line(approvers: str, request: str) -> str:
    """Return the line; `approvers` are the names of those who are asked."""
    names = " ".join(approvers.split())[:_LONGEST]
    where = f"in Slack (request {request})"
    return f"⏳ Waiting for approval by {names} {where}. This continues by itself."


def is_line(text: Json) -> TypeGuard[str]:
    return isinstance(text, str) and _LINE.fullmatch(text.strip()) is not None
