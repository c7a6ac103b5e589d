"""What an answer says, for people to read: each API's file tells it of its own answers.

Masking has its own, strict readers. These are lenient: they show a person what a recorded answer
says, and leave out what they do not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.wire.base import Json


class TextKind(StrEnum):
    """What sort of saying a text is."""

    TEXT = "text"
    THINKING = "thinking"
    TOOL_CALL = "tool call"
    ERROR = "error"


class TextPiece(NamedTuple):
    """A stretch of one text; pieces with the same `key` continue each other."""

    key: tuple[object, ...]
    kind: TextKind
    text: str
    tool: str = ""


@dataclass(frozen=True, slots=True)
class AnswerReading:
    """How one API's answers are read.

    `is_event` knows its events by their name and data. `member` is the list that its JSON answers
    hold what they say in.
    """

    is_event: Callable[[str, dict[str, Json]], bool]
    of_event: Callable[[str, dict[str, Json]], Iterator[TextPiece]]
    member: str
    of_member: Callable[[Json], Iterator[TextPiece]]


def text(
    key: tuple[object, ...], text: Json, kind: TextKind = TextKind.TEXT
) -> Iterator[TextPiece]:
    if isinstance(text, str) and text:
        yield TextPiece(key, kind, text)


def error(value: Json) -> TextPiece:
    message = value.get("message") if isinstance(value, dict) else value
    return TextPiece(
        ("error",), TextKind.ERROR, message if isinstance(message, str) else spelt(value)
    )


def objects(values: Json) -> list[dict[str, Json]]:
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []


def loosely(text: str | bytes) -> Json:
    """Return a JSON value; None where it is none, as for a text that is not JSON."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def spelt(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
