"""How long the model API may take for its answer, and how long it may be silent within it.

One timer looks after a whole answer. `asyncio.timeout` around each piece would make and drop a
timer for every event of a stream, and so does aiohttp's own limit for silence.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.errors import Restarting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Deadline:
    """Ends the waiting for pieces of one answer. Made inside the running loop."""

    def __init__(self, at: float, silent_seconds: float) -> None:
        """`at` is a time of the loop's clock."""
        self._loop = asyncio.get_running_loop()
        self._at = at
        self._silent_seconds = silent_seconds
        self._since = self._loop.time()
        """When the last wait for a piece began."""
        self._waiting: asyncio.Task[object] | None = None
        self._ended = False
        self._timer = self._look()

    @property
    def passed(self) -> bool:
        """Whether the time for the whole answer is over."""
        return self._loop.time() >= self._at

    async def next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        """Return the next piece, or None at the end. Raises TimeoutError."""
        task = self._task()
        self._since = self._loop.time()
        self._waiting, before = task, task.cancelling()
        try:
            return await anext(pieces, None)
        except asyncio.CancelledError:
            # Where somebody else cancelled the task as well, it stays cancelled.
            if self._ended and task.uncancel() <= before:
                raise TimeoutError from None
            raise
        finally:
            self._waiting = None

    def end(self) -> None:
        """End the wait for a piece, and any that begins later."""
        self._ended = True
        self.close()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()

    def close(self) -> None:
        self._timer.cancel()

    def _task(self) -> asyncio.Task[object]:
        """Return who waits. Raises TimeoutError where it is too late to begin."""
        task = asyncio.current_task()
        if self._ended or task is None:
            raise TimeoutError
        return task

    def _look(self) -> asyncio.TimerHandle:
        """End the wait if it has lasted too long; else look again when it will have."""
        now = self._loop.time()
        if self._waiting is None:
            self._since = now  # it is not the model API that takes its time
        due = min(self._at, self._since + self._silent_seconds)
        self._timer = self._loop.call_at(due, self._look)
        if now >= due:
            self.end()
        return self._timer


class UnderWay:
    """Waits for the model APIs, so that all of them can be broken off."""

    def __init__(self) -> None:
        self._stopped = False
        self._limits: set[asyncio.Timeout] = set()
        self._deadlines: set[Deadline] = set()

    def check(self) -> None:
        """Raise Restarting where this process is stopping."""
        if self._stopped:
            raise Restarting

    @contextmanager
    def until(self, limit: asyncio.Timeout) -> Iterator[None]:
        """Have the limit expire when we stop."""
        self._limits.add(limit)
        try:
            yield
        finally:
            self._limits.discard(limit)

    @contextmanager
    def answer(self, at: float, silent_seconds: float) -> Iterator[Deadline]:
        """Give an answer a deadline, which passes when we stop."""
        deadline = Deadline(at, silent_seconds)
        self._deadlines.add(deadline)
        try:
            yield deadline
        finally:
            self._deadlines.discard(deadline)
            deadline.close()

    def stop(self) -> None:
        self._stopped = True
        for limit in self._limits:
            limit.reschedule(0)
        for deadline in self._deadlines:
            deadline.end()
