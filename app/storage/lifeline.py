"""Signs of life that do not come from the event loop that they are about.

Theory of operation. A loop may be busy for many seconds with one large message, and the process is
not dead then. So signs of life are given by a thread, on a loop and over a database connection of
its own. That thread would also go on beside a loop that never turns again: the loop therefore marks
its progress every second, and where there was none for two minutes, no more signs are given.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from app.storage.store import MongoStorage

R = TypeVar("R")
_MARK_SECONDS = 1.0
_STALLED_SECONDS = 120.0
_STOP_SECONDS = 2.0


class Lifeline:
    """Enter it on the loop that it vouches for, and leave it there."""

    def __init__(
        self, connect: Callable[[], MongoStorage], stalled_seconds: float = _STALLED_SECONDS
    ) -> None:
        """`connect` makes a connection for the thread; it is called there.

        What it raises comes out on entry.
        """
        self._connect = connect
        self._stalled_seconds = stalled_seconds
        self._marked_at = time.monotonic()
        self._awake = 0.0
        self._thread = threading.Thread(target=self._live, name="lifeline", daemon=True)
        self._begun: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop
        self._storage: MongoStorage
        self._stop: asyncio.Event

    @property
    def turning(self) -> bool:
        """Whether the loop has made progress lately. Ask from any thread."""
        return time.monotonic() - self._marked_at < self._stalled_seconds

    @property
    def awake_seconds(self) -> float:
        """For how long the loop has turned so far: a stall hardly counts."""
        return self._awake

    async def __aenter__(self) -> Self:
        self._thread.start()
        await asyncio.wrap_future(self._begun)
        self._mark()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join, _STOP_SECONDS)

    async def aside(self, work: Callable[[MongoStorage], Coroutine[None, None, R]]) -> R:
        """Run a coroutine in the thread, and return or raise what it does."""
        running = asyncio.run_coroutine_threadsafe(work(self._storage), self._loop)
        return await asyncio.wrap_future(running)

    def _mark(self) -> None:
        now = time.monotonic()
        self._awake += min(now - self._marked_at, 2 * _MARK_SECONDS)
        self._marked_at = now
        self._timer = asyncio.get_running_loop().call_later(_MARK_SECONDS, self._mark)

    def _live(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            self._storage = self._connect()
        except Exception as error:  # noqa: BLE001 - it is for the loop that waits for us
            self._begun.set_exception(error)
            return
        self._begun.set_result(None)
        await self._stop.wait()
        self._storage.close()
