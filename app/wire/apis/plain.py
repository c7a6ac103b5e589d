"""Any API of which nothing is known: every string is a text, names of members too.

In a stream every string may be a piece of a longer one, so a text that ends in four or more
characters that may begin a secret is completed by the next event; save under names that never hold
a text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.answer.events import EVERYTHING, AnswerTable, StreamTable
from app.wire.apis.openai_error import ERRORS
from app.wire.json_paths import Shape, ValueKind, opaque_places, shape
from app.wire.request.prompts import RequestTable
from app.wire.table import TableFormat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.wire.answer.events import Event, Key

# Names under which an unknown API is likely to stream a text in pieces.
_PIECES = (
    "arguments",
    "completion",
    "content",
    "delta",
    "generated_text",
    "output",
    "partial_json",
    "reasoning",
    "response",
    "text",
    "thinking",
    "token",
)


# Names of what is complete in itself wherever it stands.
_COMPLETE = (
    *("created", "created_at", "createdAt", "date", "event", "finish_reason", "id", "level"),
    *("model", "name", "object", "request_id", "requestId", "role", "session_id", "sessionId"),
    *("state", "status", "stop_reason", "time", "timestamp", "type", "updated_at", "updatedAt"),
    *("url", "uuid", "version"),
)


def _ends(_name: str, event: Event) -> Iterable[Key]:
    return EVERYTHING if event.get("done") is True or "error" in event else ()


def _free() -> Shape:
    """Every name may be a caller's own, save those that are known to hold no text."""
    free = Shape(ValueKind.FREE)
    free.fields = opaque_places()
    return free


REQUEST = RequestTable(shape=_free())
ANSWER = AnswerTable(
    stream=StreamTable(
        shape=shape(
            {
                **{f"**.{name}": ValueKind.TEXT for name in _PIECES},
                **{f"**.{name}": ValueKind.WHOLE for name in _COMPLETE},
            },
            unknown=ValueKind.GROWS,
        ),
        ends=_ends,
        identity=("@event", "type"),
        marks=("type",),
    )
)

PLAIN = TableFormat("plain", REQUEST, ANSWER, ERRORS)
