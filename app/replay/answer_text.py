"""Finds what was said in an answer, by the shape of its events or of its JSON. For reading only.

What no API knows is shown as it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire import reading
from app.wire.apis import anthropic, cursor, gemini, openai_chat, openai_responses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.wire.base import Json

_READINGS = (
    *(openai_chat.READING, anthropic.READING, openai_responses.READING),
    *(cursor.READING, gemini.READING),
)


def of_event(name: str, data: Json) -> Iterator[reading.TextPiece]:
    """Find the pieces of one server-sent event."""
    if not isinstance(data, dict):
        return
    if data.get("error"):
        yield reading.error(data["error"])
        return
    known = next((each for each in _READINGS if each.is_event(name, data)), None)
    if known is not None:
        yield from known.of_event(name, data)
    elif name == "error":
        yield reading.error(data)


def of_body(data: Json) -> Iterator[reading.TextPiece]:
    """Find the pieces of an answer that is one JSON value; none where its shape is unknown."""
    if not isinstance(data, dict):
        return
    if data.get("error"):
        yield reading.error(data["error"])
        return
    for known in _READINGS:
        if isinstance(said := data.get(known.member), list):
            yield from known.of_member(said)
            return
    # Cursor's agents say their last word so.
    yield from reading.text(("result",), data.get("result"))
