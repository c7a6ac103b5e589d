"""Large values cut into named pieces, since a database limits the size of a document.

A piece is named by a keyed digest of what it holds and of who shares it: the sessions of one
conversation. So a text that is repeated there is stored once. Without the key, nobody can use the
names to test whether a certain text was ever sent.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """`id` is a keyed digest of `data`, in hex."""

    id: str
    data: bytes


class Cutter:
    """Cuts and names what some sessions share; others have other names for the same."""

    def __init__(self, key: bytes, shared: str) -> None:
        self._key = key
        self._shared = shared

    def cut(self, whole: bytes) -> tuple[Piece, ...]:
        """Return pieces that join to the whole; none of nothing."""
        starts = range(0, len(whole), PIECE_BYTES)
        return tuple(self.named(whole[start : start + PIECE_BYTES]) for start in starts)

    def named(self, data: bytes) -> Piece:
        return Piece(keyed_name(self._key, self._shared, data), data)


def keyed_name(key: bytes, place: str, data: bytes) -> str:
    """Return HMAC-SHA-256 of the place, its length before it, and the data, in hex."""
    encoded = place.encode()
    digest = hmac.new(key, len(encoded).to_bytes(8, "big") + encoded, "sha256")
    digest.update(data)
    return digest.hexdigest()
