"""Which caller received an id from a model API, so that no one else can use it.

The calls that a caller has cancelled are noted in the same way, for as long as a call can wait. An
id has no end here, since a file or a batch has none at its provider.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.storage.mongo import Collection

_KEPT = timedelta(days=30)
"""For no longer does a client keep open a call that it has cancelled."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A note that a caller received or cancelled something; `id` is a keyed digest of both."""

    id: str
    at: datetime


class ReceiptStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def note(self, names: Iterable[str], at: datetime) -> None: ...

    async def known(self, names: Iterable[str]) -> frozenset[str]:
        """Return those that were noted."""
        ...

    async def renew(self, names: Iterable[str], at: datetime) -> None:
        """Note them for a while, though they were noted before."""
        ...

    async def any_since(self, names: Iterable[str], since: datetime) -> bool:
        """Whether one of them was noted at that time or later."""
        ...


@repeating
class MongoReceipts:
    """A ReceiptStore."""

    def __init__(self, receipts: Collection[Receipt]) -> None:
        self._receipts = receipts

    async def prepare(self) -> None:
        await self._receipts.prepare(Index(("until",), expires=True))

    async def note(self, names: Iterable[str], at: datetime) -> None:
        first = {"$setOnInsert": {"at": at}}
        await asyncio.gather(*(self._receipts.make(name, first) for name in names))

    async def known(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(receipt.id for receipt in await self._found(names))

    async def renew(self, names: Iterable[str], at: datetime) -> None:
        last = {"$set": {"at": at, "until": at + _KEPT}}
        await asyncio.gather(*(self._receipts.make(name, last) for name in names))

    async def any_since(self, names: Iterable[str], since: datetime) -> bool:
        return any(receipt.at >= since for receipt in await self._found(names))

    async def _found(self, names: Iterable[str]) -> tuple[Receipt, ...]:
        return await self._receipts.named(names)
