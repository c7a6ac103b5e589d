"""The signs of life of this gateway."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import structlog

from app.clock import SystemClock
from app.errors import StorageUnavailable
from app.storage.gateways import Heartbeat

if TYPE_CHECKING:
    from app.storage.lifeline import Lifeline
    from app.storage.store import MongoStorage

BEAT_SECONDS = 5.0
_log = structlog.get_logger(__name__)


class Heart:
    """`run` must be a task of the process. It beats in a thread, however busy the loop is."""

    def __init__(self, gateway: str, life: Lifeline, seconds: float = BEAT_SECONDS) -> None:
        """It beats every `seconds`."""
        self._seconds = seconds
        self._gateway = gateway
        self._life = life
        self._clock = SystemClock()

    async def run(self) -> None:
        await self._life.aside(self._beat)

    async def _beat(self, storage: MongoStorage) -> None:
        for beat in itertools.count():
            try:
                if self._life.turning:
                    await storage.gateways.beat(Heartbeat(self._gateway, beat), self._clock.now())
            except StorageUnavailable as unavailable:
                _log.warning("no sign of life could be given", reason=str(unavailable))
            await asyncio.sleep(self._seconds)
