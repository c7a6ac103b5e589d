"""Removes the content of sessions: first the tombstones in the ledger, then what they tell of.

A pass goes through the sessions in bounded batches, oldest first. If it is interrupted, the next
pass finds what is left, since the session itself goes last; at worst it has two tombstones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.domain.record.session import Session
from app.ids import first_id, new_id
from app.retention.terms import Due, due

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from app.clock import Clock
    from app.retention.terms import Terms
    from app.storage.ports import Journal
    from app.storage.store import MongoStorage

BATCH = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """How far a pass has come: what it looked at last, and what of it may go, and why."""

    looked_at: int
    gone: tuple[tuple[Session, Due], ...]


class Purger:
    """Every method may raise StorageUnavailable."""

    def __init__(self, storage: MongoStorage, ledger: Journal, clock: Clock, by: str) -> None:
        """`by` is who purges, as the ledger tells it."""
        self._storage = storage
        self._ledger = ledger
        self._clock = clock
        self._by = by

    async def by_age(self, terms: Terms, *, dry_run: bool = False) -> AsyncGenerator[Batch, None]:
        """Purge what is due, and yield after each batch; in a dry run, only say what is due."""
        age = terms.shortest
        if age is None:
            return
        now = self._clock.now()
        before, after = first_id(now - age), ""
        tombstone = new_id(now)
        while sessions := await self._storage.sessions.between(after, before, limit=BATCH):
            after = sessions[-1].id
            # Read again each time: a hold that is placed meanwhile counts for all that is left.
            holds = await self._storage.legal_holds.all()
            looks = [(session, due(session, terms, holds, now)) for session in sessions]
            gone = tuple((session, why) for session, why in looks if why is not None)
            if gone and not dry_run:
                said = {session.id: f"{why.days} days, {why.demanded_by}" for session, why in gone}
                await self.purge([session for session, _ in gone], tombstone, said)
            yield Batch(len(sessions), gone)

    async def purge(
        self, sessions: Sequence[Session], tombstone: str, reasons: Mapping[str, str]
    ) -> None:
        """Remove some sessions; `reasons` says of each why it goes."""
        now = self._clock.now()
        events = [
            Event(
                EventKind.CONTENT_PURGED,
                now,
                session.id,
                {"tombstone": tombstone, "reason": reasons[session.id], "by": self._by},
            )
            for session in sessions
        ]
        await self._ledger.commit(events)
        going = {session.id for session in sessions}
        for session in sessions:
            await self._remove(session, going)

    async def _remove(self, session: Session, going: set[str]) -> None:
        storage = self._storage
        pages = await storage.pages.of_sessions([session.id])
        leaves = {leaf for index in pages for leaf in index.leaves}
        own = {*session.request.pieces, *leaves}
        own -= await self._still_needed(session, own, going)
        await storage.pieces.remove(sorted(own))
        await storage.pages.remove(session.id)
        await storage.sessions.remove_chunks(session.id)
        await storage.originals.remove_of(session.id)
        await self._remove_holds(session)
        await storage.marks.remove_of(session.id)
        await storage.sessions.remove(session.id)

    async def _still_needed(self, session: Session, own: set[str], going: set[str]) -> set[str]:
        """Return the pieces of all other sessions with which it may share any."""
        storage = self._storage
        if session.key:
            others = await storage.sessions.sharing(session)
            others = tuple(other for other in others if other.id not in going)
            pages = await storage.pages.of_sessions(other.id for other in others)
        else:
            # From before pieces had an owner: anybody may share them.
            others = await storage.sessions.referring(sorted(own))
            others = tuple(other for other in others if other.id not in going)
            naming = await storage.pages.naming(sorted(own))
            pages = tuple(index for index in naming if index.id.partition(":")[0] not in going)
        needed = {name for other in others for name in other.request.pieces}
        return needed | {leaf for index in pages for leaf in index.leaves}

    async def _remove_holds(self, session: Session) -> None:
        for hold in await self._storage.holds.get_many(sorted(session.hold_ids)):
            if hold.session_id == session.id and not hold.state.open:
                await self._storage.notices.remove_of(hold.id)
                await self._storage.statements.remove(hold.key)
                await self._storage.holds.remove(hold.id)
