"""One bot of several is on duty: it posts, the others stand by and take over when it dies.

Slack's limits count for the whole app and know no order, so two that post at once would only
get in each other's way. Signs of life are counted, not dated: clocks may differ. They come from a
thread: a bot that is busy stays on duty.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from app.domain.lease import SLACK_POSTER, Lease
from app.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from app.storage.lifeline import Lifeline
    from app.storage.store import MongoStorage

_BEAT_SECONDS = 1.0
# Silent for so long, one counts as dead; one that cannot write stops before that.
_DEAD_SECONDS = 4.0
_GIVE_UP_SECONDS = 3.0
_log = structlog.get_logger(__name__)


class Duty:
    def __init__(self, life: Lifeline) -> None:
        self._life = life
        self._me = uuid4().hex
        self._lease = Lease(SLACK_POSTER)

    async def serve(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do the work for as long as this process is the one on duty; begin anew when it is again.

        The work is cancelled when the duty is lost; what it raises comes out.
        """
        while True:
            await self._life.aside(self._take)
            _log.info("on duty")
            try:
                async with asyncio.TaskGroup() as tasks:
                    working = tasks.create_task(work())
                    await self._life.aside(self._keep)
                    working.cancel()
            finally:
                with contextlib.suppress(StorageUnavailable):
                    await self._life.aside(self._release)
            _log.warning("off duty")

    async def _release(self, storage: MongoStorage) -> None:
        await storage.leases.release(self._lease)

    async def _take(self, storage: MongoStorage) -> None:
        """Wait until the lease is free, or its owner has given no sign of life for long."""
        loop, leases = asyncio.get_running_loop(), storage.leases
        seen, since = None, loop.time()
        while True:
            with contextlib.suppress(StorageUnavailable):
                lease = await leases.get(SLACK_POSTER)
                if lease != seen:
                    seen, since = lease, loop.time()
                silent = loop.time() - since >= _DEAD_SECONDS
                free = silent or lease.owner in ("", self._me)
                if free and self._life.turning:
                    taken = await leases.take(lease, self._me)
                    if taken is not None:
                        self._lease = taken
                        return
            await asyncio.sleep(_BEAT_SECONDS)

    async def _keep(self, storage: MongoStorage) -> None:
        """Give signs of life until they are not heard, or our loop turns no more."""
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            if not self._life.turning:
                _log.error("no more signs of life: the event loop has stopped")
                return
            try:
                async with asyncio.timeout_at(heard_at + _GIVE_UP_SECONDS):
                    kept = await storage.leases.beat(self._lease)
            except (StorageUnavailable, TimeoutError) as error:
                if loop.time() - heard_at < _GIVE_UP_SECONDS:
                    continue
                _log.warning("no sign of life could be given", reason=str(error))
                return
            if kept is None:
                return
            self._lease, heard_at = kept, loop.time()
