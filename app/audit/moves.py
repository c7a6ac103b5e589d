"""Changes of holds: the intent in the ledger, a conditional write, its effect in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import structlog

from app.domain.event import Event, EventKind
from app.errors import StorageUnavailable
from app.ids import new_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.clock import Clock
    from app.domain.hold import Hold, HoldEvent
    from app.storage.ports import HoldStore, Ledger

    Facts: TypeAlias = Mapping[str, str | int]

_log = structlog.get_logger(__name__)


class Mover:
    """Moves holds to their next state.

    Safe under concurrency: every attempt records its intent first, and only the one whose write
    was accepted records HOLD_MOVED.
    """

    def __init__(self, holds: HoldStore, ledger: Ledger, clock: Clock) -> None:
        self._holds = holds
        self._ledger = ledger
        self._clock = clock

    async def move(
        self, hold: Hold, event: HoldEvent, *, note: str = "", by: Mapping[str, str] | None = None
    ) -> Hold:
        """Move a hold where no vote does; `note` says why, and `by` who did it.

        Raises StorageUnavailable where the intent could not be recorded, and then nothing is
        moved; Superseded where another write was faster; IllegalTransition.
        """
        moved = hold.after(event, self._clock.now(), note=note, move=new_token())
        facts = {"word": event.value, **({"why": note} if note else {}), **(by or {})}
        await self.write(hold, moved, {EventKind.HOLD_MOVING: facts}, facts)
        return moved

    async def write(
        self, hold: Hold, changed: Hold, intents: Mapping[EventKind, Facts], effect: Facts
    ) -> None:
        """Write a changed hold. Raises StorageUnavailable or Superseded, as `move` does."""
        for kind, facts in intents.items():
            await self.record(kind, changed, facts)
        await self._holds.move(hold, changed)
        try:
            await self.record(EventKind.HOLD_MOVED, changed, effect)
        except StorageUnavailable:
            # The intent is in the ledger, so the change is not a secret: only its effect is late.
            _log.exception("a move is missing from the ledger", hold=hold.id)

    async def record(self, kind: EventKind, hold: Hold, facts: Facts) -> None:
        """Append an event about a hold to the ledger. Raises StorageUnavailable."""
        data = {"hold": hold.id, "state": hold.state.value, "revision": hold.revision, **facts}
        await self._ledger.append(Event(kind, self._clock.now(), hold.session_id, data))
