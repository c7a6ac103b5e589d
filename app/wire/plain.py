"""Any API of which nothing is known: every string is a text, names of members too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.events import EVERYTHING, AnswerTable, StreamTable
from app.wire.openai_error import ERRORS
from app.wire.prompts import RequestTable
from app.wire.shape import Kind, Shape, shape
from app.wire.table import TableFormat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.wire.events import Event, Key

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


def _ends(_name: str, event: Event) -> Iterable[Key]:
    return EVERYTHING if event.get("done") is True or "error" in event else ()


REQUEST = RequestTable(shape=Shape(Kind.FREE))
ANSWER = AnswerTable(
    stream=StreamTable(
        shape=shape({f"**.{name}": Kind.TEXT for name in _PIECES}),
        ends=_ends,
        identity=("@event", "type"),
        marks=("type",),
    )
)

PLAIN = TableFormat("plain", REQUEST, ANSWER, ERRORS)
