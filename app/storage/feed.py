"""Changes of holds, from one change stream in a process to all who wait in it.

The stream is opened before the state is read, so nothing falls between. It may still lose
events (a lost history, a server away): so what is waited for is also read now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from app.errors import Restarting, StorageUnavailable
from app.logs import Seldom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from app.domain.hold import Hold
    from app.storage.ports import HoldStore

_FOLLOWERS_EVERY = 40
_FOLLOWERS_REST = 0.05
_NOBODY_RESTS = 1.0
_SLICE = 500
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    """Something to do every so many seconds of waiting."""

    seconds: float
    beat: Callable[[], Awaitable[None]]


class HoldFeed:
    """`run` must be a task of the process; then `changes` and `wait` see every written hold."""

    def __init__(
        self, holds: HoldStore, *, reread_seconds: float = 3.0, retry_seconds: float = 1.0
    ) -> None:
        self._holds = holds
        self._reread_seconds = reread_seconds
        self._retry_seconds = retry_seconds
        self._waiting: defaultdict[str, set[_Waiter]] = defaultdict(set)
        self._followers: set[asyncio.Queue[Hold]] = set()
        self._stopped = False
        self._warning = Seldom()
        self._waited = asyncio.Event()
        """Set while anybody waits for a change of a hold."""
        self.ready = asyncio.Event()
        """Set while the change stream is open."""

    async def run(self) -> None:
        """Follow the stream for ever; opens it again when the storage comes back."""
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    opened = asyncio.Event()
                    tasks.create_task(self._reread(opened))
                    await self._follow(opened)
            except* StorageUnavailable as unavailable:
                if self._warning.due():
                    _log.warning("hold feed interrupted", reason=str(unavailable.exceptions[0]))
            self.ready.clear()
            await asyncio.sleep(self._retry_seconds)

    async def changes(self) -> AsyncIterator[Hold]:
        """Yield every written hold, beginning with all that are not settled.

        After a gap the unsettled ones come again: whoever consumes must be idempotent.
        """
        queue: asyncio.Queue[Hold] = asyncio.Queue()
        self._followers.add(queue)
        try:
            if self.ready.is_set():
                # When this fails, so does the stream, and its next opening tells all again.
                with contextlib.suppress(StorageUnavailable):
                    for hold in await self._holds.unsettled():
                        queue.put_nowait(hold)
            while True:
                yield await queue.get()
        finally:
            self._followers.discard(queue)

    async def wait(
        self, hold_id: str, until: Callable[[Hold], bool], pulse: Periodic | None = None
    ) -> Hold:
        """Return the hold as soon as `until` says so of it; meanwhile `pulse` beats.

        Raises Restarting when this process is stopping: the hold itself goes on.
        """
        if self._stopped:
            raise Restarting
        waiter = _Waiter(until)
        self._waiting[hold_id].add(waiter)
        self._waited.set()
        try:
            current = await self._holds.get(hold_id)
            if current is not None and until(current):
                return current
            # Thousands wait here for minutes; each would keep a whole hold in memory.
            del current
            decided = await _told(waiter, pulse)
        finally:
            self._waiting[hold_id].discard(waiter)
            if not self._waiting[hold_id]:
                del self._waiting[hold_id]
            if not self._waiting:
                self._waited.clear()
        if decided is None:
            raise Restarting
        return decided

    def stop(self) -> None:
        """Send away all who wait here, or come to; they find their holds again elsewhere."""
        self._stopped = True
        for waiter in itertools.chain.from_iterable(self._waiting.values()):
            waiter.send_away()

    async def _rest(self) -> None:
        """Wait before the server is asked again: it may answer at each write of anybody.

        A client behind a waiter counts milliseconds, a card in Slack does not.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FOLLOWERS_REST if self._followers else _NOBODY_RESTS):
                await self._waited.wait()

    async def _follow(self, opened: asyncio.Event) -> None:
        async with contextlib.aclosing(self._holds.watch(opened, self._rest)) as holds:
            async for hold in holds:
                self._publish(hold)
        raise StorageUnavailable("The change stream ended.")

    async def _reread(self, opened: asyncio.Event) -> None:
        await opened.wait()
        self.ready.set()
        for turn in itertools.count():
            waited_for = tuple(self._waiting)
            # All of them after a gap, then some in each turn: a lost event is a rare thing, and
            # ten thousand waiters must not cost what ten thousand requests do.
            slices = range(0, len(waited_for), _SLICE)
            due = slices if turn == 0 else slices[turn % len(slices) :][:1] if slices else ()
            for start in due:
                decided = await self._holds.decided(waited_for[start : start + _SLICE])
                self._publish_all(decided)
            if self._followers and turn % _FOLLOWERS_EVERY == 0:
                self._publish_all(await self._holds.unsettled())
            await asyncio.sleep(self._reread_seconds)

    def _publish_all(self, holds: Iterable[Hold]) -> None:
        for hold in holds:
            self._publish(hold)

    def _publish(self, hold: Hold) -> None:
        for follower in self._followers:
            follower.put_nowait(hold)
        for waiter in self._waiting.get(hold.id, ()):
            waiter.tell(hold)


class _Waiter:
    """One who waits until a hold is as they want it; `found` is None where they are sent away."""

    __slots__ = ("_until", "found")

    def __init__(self, until: Callable[[Hold], bool]) -> None:
        self.found: asyncio.Future[Hold | None] = asyncio.get_running_loop().create_future()
        self._until = until

    def tell(self, hold: Hold) -> None:
        if not self.found.done() and self._until(hold):
            self.found.set_result(hold)

    def send_away(self) -> None:
        if not self.found.done():
            self.found.set_result(None)


async def _told(waiter: _Waiter, pulse: Periodic | None) -> Hold | None:
    while pulse is not None:
        await asyncio.wait([waiter.found], timeout=pulse.seconds)
        if waiter.found.done():
            break
        await pulse.beat()
    return await waiter.found
