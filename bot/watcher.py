"""Follows every change of a hold and has Slack say it; what fails is tried again, never lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from app.errors import StorageUnavailable
from bot.poster import Busy
from bot.slack import SlackRefused, SlackUnavailable

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.storage.feed import HoldFeed
    from app.storage.ports import HoldStore
    from bot.poster import Poster

_WORKERS = 4
_BUSY_SECONDS = 1.0
_DELAYS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_log = structlog.get_logger(__name__)


class Watcher:
    """Works on each hold by one worker at a time, oldest change first.

    Changes that come while a hold is worked on or waits are one piece of work: it is read
    again when its turn comes, so that no message says what is no longer so.
    """

    def __init__(self, feed: HoldFeed, holds: HoldStore, poster: Poster) -> None:
        self._feed = feed
        self._holds = holds
        self._poster = poster
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()
        self._busy: set[str] = set()
        self._failures: dict[str, int] = {}

    async def run(self) -> None:
        """Run until cancelled; ends the process by raising what no retry can mend."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_WORKERS):
                tasks.create_task(self._work(tasks))
            async for hold in self._feed.changes():
                self._offer(hold.id)

    def _offer(self, hold_id: str) -> None:
        if hold_id in self._queued:
            return
        self._queued.add(hold_id)
        if hold_id not in self._busy:
            self._queue.put_nowait(hold_id)

    async def _work(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            hold_id = await self._queue.get()
            self._queued.discard(hold_id)
            self._busy.add(hold_id)
            delay = await self._try(hold_id)
            self._busy.discard(hold_id)
            if hold_id in self._queued:
                self._queue.put_nowait(hold_id)
            elif delay:
                tasks.create_task(self._later(hold_id, delay))

    async def _later(self, hold_id: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._offer(hold_id)

    async def _try(self, hold_id: str) -> float:
        """Return after how many seconds to try again; 0 where all is said."""
        try:
            hold = await self._holds.get(hold_id)
            if hold is not None:
                await self._tell(hold)
        except Busy:
            return _BUSY_SECONDS
        except (SlackUnavailable, SlackRefused, StorageUnavailable) as error:
            return self._backoff(hold_id, error)
        self._failures.pop(hold_id, None)
        return 0.0

    async def _tell(self, hold: Hold) -> None:
        await self._poster.reconcile(hold)
        if not hold.state.open:
            await self._holds.settle(hold)

    def _backoff(self, hold_id: str, error: Exception) -> float:
        failures = self._failures.get(hold_id, 0)
        self._failures[hold_id] = failures + 1
        delay = _DELAYS[min(failures, len(_DELAYS) - 1)]
        if isinstance(error, SlackUnavailable):
            delay = max(delay, error.retry_after)
        _log.warning("a hold could not be told", hold=hold_id, reason=str(error), again_in=delay)
        return delay
