"""Pieces of bodies and of pages, each stored once under the name of what it holds; page indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.errors import StorageUnavailable
from app.pages import index_id
from app.storage.documents import to_document
from app.storage.driver import repeating

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.domain.session import Side
    from app.pages import PageIndex
    from app.pieces import Piece
    from app.storage.bulk import Write
    from app.storage.mongo import Collection

_AT_ONCE = 16


class PieceStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def put(self, pieces: Iterable[Piece]) -> None:
        """Write the pieces that are not stored yet."""
        ...

    def putting(self, pieces: Iterable[Piece]) -> list[Write]:
        """Return the writes of pieces, to be joined with others."""
        ...

    async def get(self, names: Sequence[str]) -> tuple[bytes, ...]:
        """Return what the pieces hold, in the order of the names.

        Raises StorageUnavailable also where one is missing.
        """
        ...


class PageStore(Protocol):
    async def put(self, index: PageIndex) -> None: ...

    async def get(self, session_id: str, side: Side) -> PageIndex | None: ...


@repeating
class MongoPieces:
    """A PieceStore."""

    def __init__(self, pieces: Collection[Piece]) -> None:
        self._pieces = pieces

    def putting(self, pieces: Iterable[Piece]) -> list[Write]:
        return [self._pieces.inserting(to_document(one), by_content=True) for one in pieces]

    async def put(self, pieces: Iterable[Piece]) -> None:
        rest = [to_document(piece) for piece in pieces]
        for start in range(0, len(rest), _AT_ONCE):
            await self._pieces.insert(*rest[start : start + _AT_ONCE])

    async def get(self, names: Sequence[str]) -> tuple[bytes, ...]:
        found = await self._pieces.find({"_id": {"$in": sorted(set(names))}})
        data = {piece.id: piece.data for piece in found}
        try:
            return tuple(data[name] for name in names)
        except KeyError as missing:
            raise StorageUnavailable(f"A piece of the record is not stored: {missing}.") from None


@repeating
class MongoPages:
    """A PageStore."""

    def __init__(self, pages: Collection[PageIndex]) -> None:
        self._pages = pages

    async def put(self, index: PageIndex) -> None:
        await self._pages.put(index.id, to_document(index))

    async def get(self, session_id: str, side: Side) -> PageIndex | None:
        return await self._pages.one({"_id": index_id(session_id, side)})
