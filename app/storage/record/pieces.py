"""Pieces of bodies and pages, compressed, sealed and stored once by name; indexes of pages."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import zstandard

from app.domain.record.session import Side
from app.errors import Damaged
from app.pages import index_id
from app.pieces import day_of
from app.storage.documents import to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from app.pages import PageIndex
    from app.pieces import Piece
    from app.sealing.data_key import DataKey
    from app.sealing.data_keys import DataKeys
    from app.storage.bulk import Write
    from app.storage.documents import Document
    from app.storage.mongo import Collection

_AT_ONCE = 16
_LEVEL = 1
_AT_ONCE_BYTES = 64 * 1024
"""Of sealed pieces: more of them are opened beside the event loop."""


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """`seal` opens with the data key named `key`. What was stored unsealed is in `data`."""

    id: str
    data: bytes = b""
    key: str = ""
    seal: bytes = b""
    packed: bool = False
    """Whether what was sealed is compressed (Zstandard)."""


class PieceStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def put(self, pieces: Iterable[Piece], key: DataKey) -> None:
        """Seal and write the pieces that are not stored yet."""
        ...

    def putting(self, pieces: Iterable[Piece], key: DataKey) -> list[Write]:
        """Return the writes of pieces, to be joined with others."""
        ...

    async def get(self, names: Sequence[str]) -> tuple[bytes, ...]:
        """Return what the pieces hold, in the order of the names.

        Raises Damaged where one is missing or was changed; ContentErased.
        """
        ...

    async def of_day(self, day: date) -> tuple[str, ...]:
        """Return the names of all pieces of sessions that began on a day (UTC)."""
        ...

    async def remove(self, names: Sequence[str]) -> None: ...


class PageStore(Protocol):
    async def put(self, index: PageIndex) -> None: ...

    async def of_sessions(self, session_ids: Iterable[str]) -> tuple[PageIndex, ...]:
        """Return the indexes of both sides of some sessions."""
        ...

    async def naming(self, leaves: Sequence[str]) -> tuple[PageIndex, ...]:
        """Return the indexes that name any of these leaves, by a look at all there are."""
        ...

    async def remove(self, session_id: str) -> None:
        """Delete the indexes of a session, not their leaves."""
        ...

    async def get(self, session_id: str, side: Side) -> PageIndex | None: ...


@repeating
class MongoPieces:
    """A PieceStore."""

    def __init__(self, pieces: Collection[StoredPiece], keys: DataKeys) -> None:
        self._pieces = pieces
        self._keys = keys

    async def prepare(self) -> None:
        # The embedded server has no index of ids alone that knows an order.
        await self._pieces.prepare(Index(("_id", "key")))

    def putting(self, pieces: Iterable[Piece], key: DataKey) -> list[Write]:
        return [self._pieces.inserting(_sealed(one, key), by_content=True) for one in pieces]

    async def put(self, pieces: Iterable[Piece], key: DataKey) -> None:
        rest = list(pieces)
        for start in range(0, len(rest), _AT_ONCE):
            some = rest[start : start + _AT_ONCE]
            documents = await asyncio.to_thread(_all_sealed, some, key)
            await self._pieces.insert(*documents, by_content=True)

    async def get(self, names: Sequence[str]) -> tuple[bytes, ...]:
        found = await self._pieces.named(names)
        keys = await self._keys.opened({piece.key for piece in found if piece.key})
        size = sum(len(piece.seal) for piece in found)
        if size > _AT_ONCE_BYTES:
            data = await asyncio.to_thread(_all_opened, found, keys)
        else:
            data = _all_opened(found, keys)
        try:
            return tuple(data[name] for name in names)
        except KeyError as missing:
            raise Damaged(f"A piece of the record is not stored: {missing}.") from None

    async def of_day(self, day: date) -> tuple[str, ...]:
        begin = day_of(day)
        return await self._pieces.ids({"_id": {"$gt": begin, "$lt": f"{begin}~"}})

    async def remove(self, names: Sequence[str]) -> None:
        if names:
            await self._pieces.remove_all({"_id": {"$in": list(names)}})


def _all_sealed(pieces: Iterable[Piece], key: DataKey) -> list[Document]:
    return [_sealed(piece, key) for piece in pieces]


def _sealed(piece: Piece, key: DataKey) -> Document:
    small = zstandard.compress(piece.data, _LEVEL)
    packed = len(small) < len(piece.data)
    seal = key.seal(_place(piece.id, packed=packed), small if packed else piece.data)
    return to_document(StoredPiece(piece.id, b"", key.id, seal, packed))


def _all_opened(pieces: Iterable[StoredPiece], keys: Mapping[str, DataKey]) -> dict[str, bytes]:
    return {piece.id: _opened(piece, keys) for piece in pieces}


def _opened(piece: StoredPiece, keys: Mapping[str, DataKey]) -> bytes:
    if not piece.key:
        return piece.data
    data = keys[piece.key].open(_place(piece.id, packed=piece.packed), piece.seal)
    return zstandard.decompress(data) if piece.packed else data


def _place(name: str, *, packed: bool) -> str:
    return f"packed piece {name}" if packed else f"piece {name}"


@repeating
class MongoPages:
    """A PageStore."""

    def __init__(self, pages: Collection[PageIndex]) -> None:
        self._pages = pages

    async def put(self, index: PageIndex) -> None:
        await self._pages.put(index.id, to_document(index))

    async def of_sessions(self, session_ids: Iterable[str]) -> tuple[PageIndex, ...]:
        ids = [index_id(session_id, side) for session_id in session_ids for side in Side]
        return await self._pages.named(ids)

    async def naming(self, leaves: Sequence[str]) -> tuple[PageIndex, ...]:
        return await self._pages.find({"leaves": {"$in": list(leaves)}})

    async def remove(self, session_id: str) -> None:
        ids = [index_id(session_id, side) for side in Side]
        await self._pages.remove_all({"_id": {"$in": ids}})

    async def get(self, session_id: str, side: Side) -> PageIndex | None:
        return await self._pages.one({"_id": index_id(session_id, side)})
