"""A request's body on its way, and kept for a second try."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import StreamReader

_KEPT_BYTES = 64 * 1024 * 1024


class KeptBody:
    """The first reading takes it from the tool, the next one from what was kept."""

    def __init__(self, coming: StreamReader) -> None:
        self._coming = coming
        self._kept: list[bytes] = []
        self._size = 0
        self._lost = False

    @property
    def is_empty(self) -> bool:
        return self._coming.at_eof() and not self._size

    @property
    def can_repeat(self) -> bool:
        """Whether all that has come is still here."""
        return not self._lost

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the whole body, as it comes."""
        for piece in tuple(self._kept):
            yield piece
        async for piece in self._coming.iter_any():
            self._keep(piece)
            yield piece

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._lost or self._size > _KEPT_BYTES:
            self._lost = True
            self._kept.clear()
        else:
            self._kept.append(piece)
