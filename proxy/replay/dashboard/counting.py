"""Counts sessions hour by hour, the newest first, and keeps what cannot change any more.

An hour that ended a while ago, and whose sessions and holds are all over, is kept in the database
with the others of its day: no session of it is read again. All others are counted each time.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec
import structlog

from app.domain.record.counted_day import CountedDay
from app.errors import StorageUnavailable
from app.logs import Seldom
from app.search import SessionFilter
from proxy.replay.dashboard.tally import HOUR, Tally, hour_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

    from app.clock import Clock
    from app.domain.record.session import Session
    from app.storage.store import MongoStorage

_VERSION = 2
"""Of a tally: another one is not read. Of the first, labels could be words of a text."""
_BATCH = 500
_LATE = timedelta(hours=1)
"""So long after an hour nothing new is recorded of it, however far clocks are apart."""
_KEPT = timedelta(days=40)
_PATIENCE_SECONDS = 2.0
_SLOW_SECONDS = 1.0
_SHARE = 20
"""An hour that takes long is not counted again until so many times as long has passed."""
_HOURS = dict[int, Tally]
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a page has asked for; `found` fills while it is counted."""

    hours: tuple[datetime, ...]
    found: dict[datetime, Tally]
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def left(self) -> list[datetime]:
        return [hour for hour in self.hours if hour not in self.found]


class Counting:
    """`run` must be a task of the process. It counts for one page at a time."""

    def __init__(
        self, storage: MongoStorage, clock: Clock, labels: Callable[[], frozenset[str]]
    ) -> None:
        """`labels` returns what the catalog in force puts in place of what it masks."""
        self._storage = storage
        self._clock = clock
        self._labels = labels
        self._waiting: asyncio.Queue[_Wanted] = asyncio.Queue()
        self._slow: dict[datetime, tuple[float, Tally]] = {}
        """Of hours that can change and take long to count: until when a count is good enough."""
        self._warning = Seldom()

    async def of(self, hours: Sequence[datetime]) -> dict[datetime, Tally]:
        """Return what is known of these hours after two seconds at most; the rest is counted later.

        Raises StorageUnavailable.
        """
        wanted = _Wanted(tuple(hours), await self._kept(hours))
        if wanted.left:
            self._waiting.put_nowait(wanted)
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await wanted.done.wait()
        return dict(wanted.found)

    async def run(self) -> None:
        while True:
            wanted = await self._waiting.get()
            try:
                await self._count(wanted)
            except StorageUnavailable as unavailable:
                if self._warning.due():
                    _log.warning("not counted for the dashboard", reason=str(unavailable))
            wanted.done.set()

    async def _count(self, wanted: _Wanted) -> None:
        # What was counted for another page meanwhile.
        wanted.found.update(await self._kept(wanted.left))
        began = time.monotonic()
        self._slow = {hour: told for hour, told in self._slow.items() if began < told[0]}
        wanted.found.update({h: self._slow[h][1] for h in wanted.left if h in self._slow})
        for first, last in reversed(list(_runs(wanted.left))):
            over: dict[datetime, Tally] = {}
            async for hour, tally in self._tallies(first, last):
                wanted.found[hour] = tally
                took, began = time.monotonic() - began, time.monotonic()
                if not tally.still_open and hour + HOUR + _LATE < self._clock.now():
                    over[hour] = tally
                elif took > _SLOW_SECONDS:
                    self._slow[hour] = (began + _SHARE * took, tally)
                if hour.hour == 0:
                    await self._keep(over)
                    over = {}
            await self._keep(over)

    async def _tallies(
        self, first: datetime, last: datetime
    ) -> AsyncIterator[tuple[datetime, Tally]]:
        """Yield the tally of each hour from the last to the first."""
        hour, tally, before = last, Tally(), ""
        wanted = SessionFilter(since=first, until=last + HOUR)
        while found := await self._storage.sessions.search(wanted, limit=_BATCH, before=before):
            for began, sessions in groupby(found, key=lambda session: hour_of(session.started_at)):
                while hour > max(began, first):
                    tally.shorten()
                    yield hour, tally
                    hour, tally = hour - HOUR, Tally()
                await self._add(tally, tuple(sessions))
            before = found[-1].id
            if len(found) < _BATCH:
                break
        while hour >= first:
            tally.shorten()
            yield hour, tally
            hour, tally = hour - HOUR, Tally()

    async def _add(self, tally: Tally, sessions: Sequence[Session]) -> None:
        held = sorted({hold_id for session in sessions for hold_id in session.hold_ids})
        named = await self._storage.holds.get_many(held) if held else ()
        # Later sessions can name it too, in this batch or another hour: a call that is found again.
        own = {session.id for session in sessions}
        holds = [hold for hold in named if hold.session_id in own]
        tally.add(sessions, holds, self._labels())

    async def _kept(self, hours: Iterable[datetime]) -> dict[datetime, Tally]:
        wanted = set(hours)
        days = await self._storage.counts.of_days(sorted({_day(hour) for hour in wanted}))
        found: dict[datetime, Tally] = {}
        for day in days:
            date = datetime.fromisoformat(day.id.partition(" ")[2]).replace(tzinfo=UTC)
            # What cannot be read is counted again.
            with suppress(msgspec.MsgspecError):
                tallies = msgspec.json.decode(day.hours, type=_HOURS)
                found |= {date.replace(hour=hour): tally for hour, tally in tallies.items()}
        return {hour: tally for hour, tally in found.items() if hour in wanted}

    async def _keep(self, tallies: dict[datetime, Tally]) -> None:
        """Keep what was counted of hours of one day, or of several."""
        for day, hours in groupby(sorted(tallies), key=_day):
            more = {hour: tallies[hour] for hour in hours}
            of_day = [next(iter(more)).replace(hour=hour) for hour in range(24)]
            known = await self._kept(of_day) | more
            text = msgspec.json.encode({hour.hour: known[hour] for hour in sorted(known)})
            await self._storage.counts.put(CountedDay(day, text, of_day[0] + _KEPT))


def _day(hour: datetime) -> str:
    return f"{_VERSION} {hour.date().isoformat()}"


def _runs(hours: Iterable[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Yield first and last of each run of hours that follow each other; `hours` are in order."""
    numbered = enumerate(hours)
    for _, run in groupby(numbered, key=lambda pair: pair[1] - pair[0] * HOUR):
        found = [hour for _, hour in run]
        yield found[0], found[-1]
