"""Ends grants that nothing of the record names any more.

A grant that has run out stays as long as the hold that gave it, and as long as any session that it
let pass: both end with their sessions. What the ledger tells of it is enough to prove why those
sessions went out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.retention.purging import BATCH
from app.retention.terms import LEAST

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import datetime

    from app.storage.ports import Ledger
    from app.storage.store import MongoStorage


async def lone_grants(
    storage: MongoStorage, now: datetime
) -> AsyncGenerator[tuple[str, ...], None]:
    """Yield the ids of such grants, up to a hundred at a time. Raises StorageUnavailable."""
    ended = await storage.grants.ended(now - LEAST)
    for at in range(0, len(ended), BATCH):
        grants = await storage.grants.get_many(ended[at : at + BATCH])
        holds = await storage.holds.get_many(sorted({grant.hold_id for grant in grants}))
        known = {hold.id for hold in holds}
        left = [grant.id for grant in grants if grant.hold_id not in known]
        lone = [one for one in left if not await storage.sessions.names_grant(one)]
        if lone:
            yield tuple(lone)


async def remove_grants(
    storage: MongoStorage, ledger: Ledger, grant_ids: Sequence[str], now: datetime, by: str
) -> None:
    """Remove grants, after the tombstone that says so. Raises StorageUnavailable."""
    said = {"grants": " ".join(grant_ids), "by": by}
    await ledger.append(Event(EventKind.GRANTS_PURGED, now, "", said))
    await storage.grants.remove(grant_ids)
