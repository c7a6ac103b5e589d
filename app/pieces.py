"""Bodies cut into named pieces, so that what a conversation repeats is stored once.

Theory of operation. An agent sends its whole conversation with each request, and a few messages
more each time. A body is cut where a JSON object ends (`}` before a comma or a bracket), at the
first such place after `_LEAST_BYTES`, and sooner where a list of objects ends. So two bodies that
begin alike are cut alike as far as they agree, and what follows a list is cut alike, however long
the list has become: of a turn, only what is new makes new pieces.

    {"messages": [{…4 KB…}| , {…3 KB…}| ], "tools": [{…3 KB…}| ]}
    {"messages": [{…4 KB…}| , {…3 KB…}| , {…new…}| ], "tools": [{…3 KB…}| ]}

A piece is named by a keyed digest of what it holds and of who shares it: the sessions of one
conversation. Without the key, nobody can use the names to test whether a certain text was ever
sent. A database limits the size of a document, so no piece is larger than `PIECE_BYTES`.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

PIECE_BYTES = 256 * 1024
_LEAST_BYTES = 2 * 1024
_SMALL = 4
"""What part of that is enough where a list ends."""
_AHEAD = 32
_MOST_PIECES = 256
"""About how many pieces a body is cut into, where it has so many places to cut."""
_NAME_CHARS = 32
_OBJECT_ENDS = re.compile(rb"\}(?=\s{0,8}[,\]])")
_LIST_ENDS = re.compile(rb"\}(?=\s{0,8}\]\s{0,8},\s{0,8}\")")


@dataclass(frozen=True, slots=True)
class Piece:
    """`id` is a day and a keyed digest of `data`: 128 bits of it, in hex."""

    id: str
    data: bytes


class Cutter:
    """Cuts and names what some sessions share; others have other names for the same."""

    def __init__(
        self, key: bytes, shared: str, *, repeated: bool = True, day: date | None = None
    ) -> None:
        """`repeated` says whether other bodies may repeat a part of one.

        The `day` is that of all sessions that share it: it begins each name.
        """
        self._day = day_of(day) if day else ""
        self._key = key
        self._shared = shared
        self._repeated = repeated

    def cut(self, whole: bytes) -> tuple[Piece, ...]:
        """Return pieces that join to the whole; none of nothing."""
        parts = _parts(whole, _least(len(whole))) if self._repeated else _even_parts(whole)
        return tuple(self.named(part) for part in parts)

    def digest(self, text: str) -> bytes:
        """Return 128 bits of a keyed digest, the same for all that share pieces."""
        data = text.encode("utf-8", "surrogatepass")
        return bytes.fromhex(keyed_name(self._key, f"text of {self._shared}", data)[:_NAME_CHARS])

    def named(self, data: bytes) -> Piece:
        digest = keyed_name(self._key, self._shared, data)[:_NAME_CHARS]
        return Piece(f"{self._day}{digest}", data)


def day_of(day: date) -> str:
    """Return how the names of all pieces of a day begin."""
    return f"{day:%Y%m%d}-"


def _least(size: int) -> int:
    """Return how long a piece is at least: it seldom changes while a conversation grows."""
    least = _LEAST_BYTES
    while least * _MOST_PIECES < size and least < PIECE_BYTES:
        least *= 2
    return least


def _even_parts(whole: bytes) -> Iterator[bytes]:
    for start in range(0, len(whole), PIECE_BYTES):
        yield whole[start : start + PIECE_BYTES]


def _parts(whole: bytes, least: int) -> Iterator[bytes]:
    start = 0
    while start < len(whole):
        end = _end(whole, start, least)
        yield whole[start:end]
        start = end


def _end(whole: bytes, start: int, least: int) -> int:
    most = min(start + PIECE_BYTES, len(whole))
    if most - start <= least // _SMALL:
        return most
    sooner = _LIST_ENDS.search(whole, start + least // _SMALL, min(start + least + _AHEAD, most))
    found = sooner or _OBJECT_ENDS.search(whole, start + least, most)
    return found.end() if found else most


def keyed_name(key: bytes, place: str, data: bytes) -> str:
    """Return HMAC-SHA-256 of the place, its length before it, and the data, in hex."""
    encoded = place.encode()
    digest = hmac.new(key, len(encoded).to_bytes(8, "big") + encoded, "sha256")
    digest.update(data)
    return digest.hexdigest()
