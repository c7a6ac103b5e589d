"""Counts the newest sessions, a batch at a time, and no more of them than a page may cost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from app.search import SessionFilter
from proxy.replay.dashboard.figures import Figures
from proxy.replay.dashboard.panels import Panel, panels

if TYPE_CHECKING:
    from app.clock import Clock
    from app.storage.store import MongoStorage

_BATCH = 500
MOST_SESSIONS = 10_000


class Dashboard:
    """One page is made at a time: nobody may take the database from requests."""

    def __init__(self, storage: MongoStorage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._turn = asyncio.Lock()

    async def panels(self, days: int) -> tuple[Figures, tuple[Panel, ...]]:
        """Return figures of the last days, and how they are shown. Raises StorageUnavailable."""
        async with self._turn:
            figures = await self._figures(days)
            return figures, await asyncio.to_thread(panels, figures)

    async def _figures(self, days: int) -> Figures:
        now = self._clock.now()
        figures = Figures(now - timedelta(days=days), now)
        wanted, before = SessionFilter(since=figures.since), ""
        while figures.sessions < MOST_SESSIONS:
            found = await self._storage.sessions.search(wanted, limit=_BATCH, before=before)
            held = sorted({hold_id for session in found for hold_id in session.hold_ids})
            figures.add(found, await self._storage.holds.get_many(held) if held else ())
            if len(found) < _BATCH:
                break
            before = found[-1].id
        else:
            figures.is_cut = True
        figures.add_marks(await self._storage.marks.since(figures.since))
        return figures
