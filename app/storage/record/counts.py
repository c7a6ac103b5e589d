"""Counts of days that are over, so that a dashboard need not read their sessions again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.storage.documents import to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.record.counted_day import CountedDay
    from app.storage.mongo import Collection


@repeating
class MongoCounts:
    """Every method may raise StorageUnavailable."""

    def __init__(self, days: Collection[CountedDay]) -> None:
        self._days = days

    async def prepare(self) -> None:
        await self._days.prepare(Index(("until",), expires=True))

    async def of_days(self, ids: Iterable[str]) -> tuple[CountedDay, ...]:
        return await self._days.named(ids)

    async def put(self, day: CountedDay) -> None:
        await self._days.put(day.id, to_document(day))
