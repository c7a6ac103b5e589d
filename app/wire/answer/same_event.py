"""An event of a stream that is like the one before it, save for its piece of a text.

Most events are. What was found out about the one before holds for them to the last byte, so that
only the piece has to be looked at.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

# Something that JSON does not have between two strings, so that it stands within one: behind a
# string nothing else begins, and there is nothing else at all.
_TELLING = re.compile(r"\A[^,:}\]]|[^,:{}\[\]0-9.+\-eEtrufalsn]")
_END = b"\n\n"


class Likeness(NamedTuple):
    """The bytes before and after the piece."""

    head: bytes
    tail: bytes

    def piece(self, raw: bytes) -> str | None:
        """Return the piece of an event that is alike; None where it is not, or has no piece."""
        head, tail = self
        if not (raw.startswith(head) and raw.endswith(tail) and len(raw) > len(head) + len(tail)):
            return None
        return _piece(raw[len(head) : -len(tail)])

    def first(self, data: bytes, at: int) -> tuple[str, int] | None:
        """Return the piece of the event that begins there, and where that ends, if it is alike."""
        head, tail = self
        if not data.startswith(head, at):
            return None
        begin = at + len(head)
        # A piece has no line ends as they are, so the event ends at the first blank line.
        end = data.find(_END, begin) + len(_END)
        until = end - len(tail)
        if until <= begin or not data.startswith(tail, until):
            return None
        piece = _piece(data[begin:until])
        return None if piece is None else (piece, end)

    def around(self, piece: str) -> bytes:
        """Return the event with another piece."""
        return self.head + orjson.dumps(piece)[1:-1] + self.tail


def likeness(raw: bytes, piece: str) -> Likeness | None:
    """Find the one place of a piece in an event spelt as we do; None where it might be another."""
    if not _TELLING.search(piece):
        return None
    head, *tails = raw.split(orjson.dumps(piece))
    return Likeness(head + b'"', b'"' + tails[0]) if len(tails) == 1 else None


def piece_at(data: str, path: tuple[str | int, ...]) -> str:
    """Return the text at a place of an event's data; empty where there is none."""
    value = orjson.loads(data)
    for step in path:
        if not (isinstance(value, list) if isinstance(step, int) else isinstance(value, dict)):
            return ""
        if isinstance(value, dict) and step not in value:
            return ""
        value = value[step]
    return value if isinstance(value, str) else ""


def _piece(spelt: bytes) -> str | None:
    """Read a string as JSON spells it; None where we would spell it otherwise, or it is none."""
    try:
        piece = spelt.decode()
        if _spells_itself(piece):
            return piece
        told = orjson.loads(b'"%s"' % spelt)
    except ValueError:
        return None
    return told if orjson.dumps(told)[1:-1] == spelt else None


def _spells_itself(piece: str) -> bool:
    return piece.isprintable() and '"' not in piece and "\\" not in piece
