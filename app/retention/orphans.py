"""Finds pieces, and originals of what was masked, that belong to no session.

A gateway stores the pieces of a large body before the intent of its request, and originals together
with it: where it dies meanwhile, they stay. Their names begin with the day on which the session was
to begin, and sessions of another day never refer to them. So a day that is over for long is looked
at by itself.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from app.ids import first_id
from app.retention.purging import BATCH

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from datetime import date

    from app.domain.record.session import Session
    from app.storage.store import MongoStorage

_OVER = timedelta(days=2)
"""When the requests of a day have begun to be recorded, or never will be."""
_MOST_DAYS = 400
"""How far back it looks: what is older was found by an earlier pass."""


async def orphans(storage: MongoStorage, now: datetime) -> AsyncGenerator[tuple[str, ...], None]:
    """Yield the pieces of each day that has any such. Raises StorageUnavailable."""
    for day in _days(now):
        if stored := set(await storage.pieces.of_day(day)):
            needed = await _needed(storage, day)
            if needed is not None and (left := stored - needed):
                yield tuple(sorted(left))


async def lone_originals(
    storage: MongoStorage, now: datetime
) -> AsyncGenerator[tuple[str, ...], None]:
    """Yield the originals of each day that has any such. Raises StorageUnavailable."""
    for day in _days(now):
        after, end = _bounds(day)
        stored = await storage.originals.between(after, end)
        sessions = {one.partition(":")[0] for one in stored}
        gone = {one for one in sessions if await storage.sessions.get(one) is None}
        if gone:
            yield tuple(one for one in stored if one.partition(":")[0] in gone)


def _days(now: datetime) -> Iterator[date]:
    last = (now.astimezone(UTC) - _OVER).date()
    return (last - timedelta(days=before) for before in range(_MOST_DAYS))


def _bounds(day: date) -> tuple[str, str]:
    """Return the ids between which those of a day's sessions are."""
    begin = datetime.combine(day, time(), UTC)
    return first_id(begin), first_id(begin + timedelta(days=1))


async def _needed(storage: MongoStorage, day: date) -> set[str] | None:
    """Return the pieces of all sessions of a day; None where some are still being written."""
    after, end = _bounds(day)
    needed = set[str]()
    while sessions := await storage.sessions.between(after, end, limit=BATCH):
        if any(session.unpaged for session in sessions):
            return None
        needed |= await _referred_to(storage, sessions)
        after = sessions[-1].id
    return needed


async def _referred_to(storage: MongoStorage, sessions: tuple[Session, ...]) -> set[str]:
    pages = await storage.pages.of_sessions(session.id for session in sessions)
    leaves = {leaf for index in pages for leaf in index.leaves}
    return leaves | {name for session in sessions for name in session.request.pieces}
