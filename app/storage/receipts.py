"""Which caller received an id from a model API, so that no one else can use it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from app.storage.driver import repeating

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.storage.mongo import Collection


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a caller received an id; `id` is a keyed digest of both."""

    id: str
    at: datetime


class ReceiptStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def note(self, names: Iterable[str], at: datetime) -> None: ...

    async def missing(self, names: Iterable[str]) -> bool:
        """Whether one of them was never noted."""
        ...


@repeating
class MongoReceipts:
    """A ReceiptStore."""

    def __init__(self, receipts: Collection[Receipt]) -> None:
        self._receipts = receipts

    async def note(self, names: Iterable[str], at: datetime) -> None:
        first = {"$setOnInsert": {"at": at}}
        await asyncio.gather(*(self._receipts.make(name, first) for name in names))

    async def missing(self, names: Iterable[str]) -> bool:
        wanted = set(names)
        found = await self._receipts.find({"_id": {"$in": sorted(wanted)}})
        return len(found) < len(wanted)
