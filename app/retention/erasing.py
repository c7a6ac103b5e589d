"""Erases a person: their data keys are destroyed, and then their sessions are removed.

From the moment the keys are gone, nobody can read what they sealed, in the database or in a copy
of it. Content that is recorded in the seconds around it, under a key that a gateway still has
open, is erased with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.domain.record.legal_hold import HoldScope
from app.domain.record.session import SessionState
from app.errors import NotPermitted
from app.ids import new_id, short
from app.retention.purging import BATCH
from app.search import SessionFilter
from app.storage.record.terms import CONVERSATION_SHORT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.clock import Clock
    from app.domain.identity import Identity
    from app.domain.record.legal_hold import LegalHold
    from app.retention.purging import Purger
    from app.storage.ports import Journal
    from app.storage.store import MongoStorage


class Eraser:
    """Every method may raise StorageUnavailable."""

    def __init__(
        self, storage: MongoStorage, ledger: Journal, purger: Purger, clock: Clock
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._purger = purger
        self._clock = clock

    async def check(self, person: Identity) -> None:
        """Raises NotPermitted where a legal hold covers anything of a person."""
        for hold in await self._storage.legal_holds.all():
            if await self._touches(hold, person):
                raise NotPermitted(
                    f"A legal hold covers {hold.scope.value} {hold.target} ({hold.reason}), so "
                    f"nothing of {person.email or person.subject} is erased. Lift it first: "
                    "`abeyance session unhold`."
                )

    async def erase(self, person: Identity, by: str, reason: str) -> AsyncGenerator[int, None]:
        """Erase what was recorded of a person; yield how many sessions each batch removed.

        Raises NotPermitted, as `check` does.
        """
        await self.check(person)
        now = self._clock.now()
        tombstone = new_id(now)
        keys = await self._storage.keys.of_person(person.key)
        for key in keys:
            await self._storage.keys.retire(key.id, now)
        said = {
            "tombstone": tombstone,
            "identity": person.key,
            "keys": " ".join(key.id for key in keys),
            "by": by,
            "reason": reason,
        }
        await self._ledger.append(Event(EventKind.PERSON_ERASED, now, "", said))
        for key in keys:
            await self._storage.keys.destroy(key.id, f"tombstone {short(tombstone)}")
        wanted, before = SessionFilter(owner=person), ""
        while True:
            found = await self._storage.sessions.search(wanted, limit=BATCH, before=before)
            if not found:
                return
            before = found[-1].id
            over = [session for session in found if session.state is not SessionState.OPEN]
            reasons = {session.id: f"erased: {reason}" for session in over}
            await self._purger.purge(over, tombstone, reasons)
            yield len(over)

    async def _touches(self, hold: LegalHold, person: Identity) -> bool:
        match hold.scope:
            case HoldScope.PERSON:
                return hold.target == person.key
            case HoldScope.SESSION:
                session = await self._storage.sessions.get(hold.target)
                return session is not None and session.identity.key == person.key
            case HoldScope.CONVERSATION:
                wanted = SessionFilter(owner=person, conversation=hold.target[:CONVERSATION_SHORT])
                found = await self._storage.sessions.search(wanted, limit=BATCH)
                return any(hold.covers(session) for session in found)
