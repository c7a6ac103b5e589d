"""Places and lifts legal holds: in the ledger before it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.domain.record.legal_hold import HoldScope, LegalHold, legal_hold_id

if TYPE_CHECKING:
    from app.clock import Clock
    from app.storage.content.legal_holds import LegalHoldStore
    from app.storage.ports import Ledger


class LegalHolds:
    """Who may place and lift them, its callers judge. May raise StorageUnavailable."""

    def __init__(self, holds: LegalHoldStore, ledger: Ledger, clock: Clock) -> None:
        self._holds = holds
        self._ledger = ledger
        self._clock = clock

    async def place(self, scope: HoldScope, target: str, reason: str, by: str) -> None:
        await self._note(EventKind.LEGAL_HOLD_PLACED, scope, target, reason, by)
        now = self._clock.now()
        hold = LegalHold(legal_hold_id(scope, target), scope, target, reason, by, now)
        await self._holds.put(hold)

    async def lift(self, scope: HoldScope, target: str, reason: str, by: str) -> None:
        await self._note(EventKind.LEGAL_HOLD_LIFTED, scope, target, reason, by)
        await self._holds.remove(legal_hold_id(scope, target))

    async def _note(
        self, kind: EventKind, scope: HoldScope, target: str, reason: str, by: str
    ) -> None:
        said = {"by": by, "scope": scope.value, "target": target, "reason": reason}
        session = target if scope is HoldScope.SESSION else ""
        await self._ledger.append(Event(kind, self._clock.now(), session, said))
