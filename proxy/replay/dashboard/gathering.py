"""The figures of the dashboard: what was counted of each hour, and what people called wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from proxy.replay.dashboard.counting import Counting
from proxy.replay.dashboard.figures import Figures
from proxy.replay.dashboard.panels import Panel, panels

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.storage.store import MongoStorage


class Dashboard:
    """`run` must be a task of the process."""

    def __init__(
        self, storage: MongoStorage, clock: Clock, labels: Callable[[], frozenset[str]]
    ) -> None:
        """`labels` as for `Counting`."""
        self._storage = storage
        self._clock = clock
        self._counting = Counting(storage, clock, labels)
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        await self._counting.run()

    async def panels(self, days: int) -> tuple[Figures, tuple[Panel, ...]]:
        """Return figures of the last days, and how they are shown. Raises StorageUnavailable."""
        figures = Figures.of_days(days, self._clock.now())
        counted = await self._counting.of(figures.hours)
        for hour in figures.hours:
            if tally := counted.get(hour):
                figures.take(hour, tally)
            else:
                figures.uncounted += 1
        figures.add_marks(await self._storage.marks.since(figures.since))
        async with self._turn:
            return figures, await asyncio.to_thread(panels, figures)
