"""The line that a developer reads in her agent while her request, or a tool call, is held.

Theory of operation. The stream is begun for the upstream: with a finished block of text, which
agents print at once. What the upstream sends later goes on behind it, as the rest of the same
message: its own beginning is left out, and its blocks are counted from one higher.

    sent at once        message begins · block 0: "⏳ Waiting for approval by managers…"
    from the upstream   [message begins] · block 0 → 1 · block 1 → 2 · message ends

The line about a tool call stands where the call will be, and `app.wire.calls` puts it there.

The agent keeps the line in the conversation as the model's own words, and sends it back with each
request, perhaps in one text with what the model said. There it is taken out again before anything
else looks at it: so the provider sees what it would have seen without us, and no model learns to
write such lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_BY_ITSELF = "This continues by itself."
_GO_ON = "Say “go on” to make the same call again; a decision made in the meantime counts for it."
_LINE = (
    r"⏳ (?:Still w|W)aiting for approval by [^\n]{1,300} in Slack \(request [0-9A-Z]{4,12}\)"
    rf"(?:: `[^`\n]{{1,200}}`)?\. (?:{re.escape(_BY_ITSELF)}|{re.escape(_GO_ON)})"
)
_PARAGRAPH = re.compile(rf"^[ \t]*{_LINE}[ \t]*$", re.MULTILINE)
_SIGN = "⏳"
_LONGEST, _LONGEST_TOOL = 300, 200


class Continuation(Protocol):
    """The rest of an answer that was begun with a line. Whole events in, whole events out."""

    def feed(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How one API's stream shows a line."""

    opening: Callable[[str, str], bytes]
    """Spells, of a line and the model's name, an answer that has said the line so far."""
    continuation: Callable[[str], Continuation]


def line(approvers: str, request: str, tool: str = "") -> str:
    """Return the line; `approvers` are the names of those who are asked.

    `tool` is the tool of the call that is held, where it is a call.
    """
    return f"⏳ Waiting {_what(approvers, request, tool)} {_BY_ITSELF}"


def last_line(approvers: str, request: str, tool: str) -> str:
    """Return the line that ends an answer while one of its calls is still held."""
    return f"⏳ Still waiting {_what(approvers, request, tool)} {_GO_ON}"


def _what(approvers: str, request: str, tool: str) -> str:
    names = " ".join(approvers.split())[:_LONGEST]
    name = " ".join(tool.replace("`", "'").split())[:_LONGEST_TOOL]
    call = f": `{name}`" if name else ""
    return f"for approval by {names} in Slack (request {request}){call}."


def without_lines(text: str) -> str:
    """Return a text without the lines that are paragraphs of it; the same object if none is."""
    if _SIGN not in text:
        return text
    left: list[str] = []
    at = 0
    for found in _PARAGRAPH.finditer(text):
        left.append(text[at : found.start()].rstrip("\n"))
        at = found.end()
    if not left:
        return text
    return ("".join(left) + text[at:]).strip("\n")
