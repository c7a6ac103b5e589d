"""Large values cut into named pieces, since a database limits the size of a document.

A piece is named by a keyed digest of what it holds. The same piece is therefore stored once,
however often it is sent: a longer conversation begins with the same bytes as before. Without the
key, nobody can use the names to test whether a certain text was ever sent.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from app.keys import derived_key

PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """`id` is an HMAC-SHA-256 of `data`, in hex."""

    id: str
    data: bytes


class Cutter:
    """Cuts and names. Its key is derived from the vault's and serves for nothing else."""

    def __init__(self, vault_key: str) -> None:
        self._key = derived_key(vault_key, "abeyance names of pieces")

    def cut(self, whole: bytes) -> tuple[Piece, ...]:
        """Return pieces that join to the whole; none of nothing."""
        starts = range(0, len(whole), PIECE_BYTES)
        return tuple(self.named(whole[start : start + PIECE_BYTES]) for start in starts)

    def named(self, data: bytes) -> Piece:
        return Piece(hmac.digest(self._key, data, "sha256").hex(), data)
