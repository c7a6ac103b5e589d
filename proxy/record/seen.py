"""What has come of an answer and is not sent yet."""

from __future__ import annotations


class Seen:
    """Kept to be recorded where the answer is denied; nothing is kept where no rule can deny."""

    def __init__(self, *, kept: bool) -> None:
        self._kept = kept
        self.pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        if self._kept:
            self.pieces.append(piece)

    def forget(self) -> None:
        self.pieces.clear()
