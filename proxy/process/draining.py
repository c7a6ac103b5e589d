"""The end of a gateway: what is in flight has time to end, and nobody is reset.

1. Not ready any more, so that no load balancer sends anything new. Whatever comes is served as
   before, but each answer closes its connection: the next request goes elsewhere.
2. It goes on once nothing was asked for a while, or when the time is over.
3. New connections are ignored, and those that wait to be accepted are.
4. Who is still here is sent away: a held caller with a 503 whose retry finds the hold again, a
   stream with an error as its last event.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from app.errors import Restarting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_QUIET_SHARE = 0.1
_LAST_WORDS_SECONDS = 2.0
_log = structlog.get_logger(__name__)


class Drain:
    """Counts what is in flight, and lets it end."""

    def __init__(self) -> None:
        self.begun = False
        """Whether each answer has to close its connection."""
        self._over = False
        self._in_flight = 0
        self._came = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @contextmanager
    def flight(self) -> Iterator[None]:
        """Count a request in until its answer has ended."""
        self._came += 1
        self._in_flight += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._empty.set()

    def check(self) -> None:
        """Raise Restarting where it is too late to begin with a request."""
        if self._over:
            raise Restarting

    async def run(
        self,
        seconds: float,
        close_port: Callable[[], Awaitable[None]],
        send_away: Callable[[], None],
    ) -> None:
        """Return when nothing is in flight any more, or nothing can be done about it."""
        self.begun = True
        _log.info("stopping", in_flight=self._in_flight, seconds=seconds)
        until = asyncio.get_running_loop().time() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._quiet(seconds * _QUIET_SHARE)
        await close_port()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._empty.wait()
        self._over = True
        if self._in_flight:
            _log.warning("sent away", in_flight=self._in_flight)
        send_away()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._empty.wait()

    async def _quiet(self, seconds: float) -> None:
        """Return when nothing is in flight and nothing has come for so long."""
        while True:
            await self._empty.wait()
            came = self._came
            await asyncio.sleep(seconds)
            if came == self._came and not self._in_flight:
                return
