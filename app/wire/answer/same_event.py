"""An event of a stream that is like the one before it, save for its piece of a text.

Most events are. What was found out about the one before holds for them to the last byte, so that
only the piece has to be looked at.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

# Something that JSON does not have between two strings, so that it stands within one.
_TELLING = re.compile(r"[^,:{}\[\]0-9.+\-eEtrufalsn]")


class Likeness(NamedTuple):
    """The bytes before and after the piece."""

    head: bytes
    tail: bytes

    def piece(self, raw: bytes) -> str | None:
        """Return the piece of an event that is alike; None where it is not, or not surely."""
        head, tail = self
        if not (raw.startswith(head) and raw.endswith(tail) and len(raw) > len(head) + len(tail)):
            return None
        try:
            piece = raw[len(head) : -len(tail)].decode()
        except UnicodeDecodeError:
            return None
        return piece if _spells_itself(piece) else None

    def around(self, piece: str) -> bytes:
        """Return the event with another piece."""
        return self.head + orjson.dumps(piece)[1:-1] + self.tail


def likeness(raw: bytes, piece: str) -> Likeness | None:
    """Find the one place of a piece in an event; None where it might be another."""
    if not _spells_itself(piece) or not _TELLING.search(piece):
        return None
    head, *tails = raw.split(f'"{piece}"'.encode())
    return Likeness(head + b'"', b'"' + tails[0]) if len(tails) == 1 else None


def _spells_itself(piece: str) -> bool:
    return piece.isprintable() and '"' not in piece and "\\" not in piece
