"""How far each stream of the ledger has come, chain by chain."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from app.domain.position import Position
from app.storage.documents import to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.storage.mongo import Collection


class PositionStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def of(self, stream: str) -> dict[str, int]:
        """Return the next number by chain."""
        ...

    async def keep(self, stream: str, ahead: Mapping[str, int]) -> None: ...


@repeating
class MongoPositions:
    """A PositionStore."""

    def __init__(self, positions: Collection[Position]) -> None:
        self._positions = positions

    async def prepare(self) -> None:
        await self._positions.prepare(Index(("stream",)))

    async def of(self, stream: str) -> dict[str, int]:
        found = await self._positions.find({"stream": stream})
        return {position.chain: position.next for position in found}

    async def keep(self, stream: str, ahead: Mapping[str, int]) -> None:
        positions = [
            Position(f"{stream} {chain}", stream, chain, number) for chain, number in ahead.items()
        ]
        await asyncio.gather(*(self._positions.put(one.id, to_document(one)) for one in positions))
