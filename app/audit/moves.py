"""Moves a hold where no vote does: the intent is in the ledger before anything changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from app.errors import StorageUnavailable
from app.ids import new_token
from app.storage.ports import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.clock import Clock
    from app.domain.hold import Hold, HoldEvent
    from app.storage.ports import HoldStore, Ledger

_log = structlog.get_logger(__name__)


class Mover:
    """Several may move one hold at once: each writes that it will, one that it did."""

    def __init__(self, holds: HoldStore, ledger: Ledger, clock: Clock) -> None:
        self._holds = holds
        self._ledger = ledger
        self._clock = clock

    async def move(
        self, hold: Hold, event: HoldEvent, *, note: str = "", by: Mapping[str, str] | None = None
    ) -> Hold:
        """Return the hold as the event leaves it; `note` is why, `by` says who did it.

        Raises StorageUnavailable where it could not be recorded, and then nothing is moved;
        Superseded where somebody was faster; IllegalTransition.
        """
        moved = hold.after(event, self._clock.now(), note=note, move=new_token())
        said = {
            "hold": moved.id,
            "state": moved.state.value,
            "revision": moved.revision,
            "word": event.value,
            **({"why": note} if note else {}),
            **(by or {}),
        }
        await self._note(EventKind.HOLD_MOVING, moved, said)
        await self._holds.move(hold, moved)
        try:
            await self._note(EventKind.HOLD_MOVED, moved, said)
        except StorageUnavailable:
            # That it was about to move is in the ledger; only that it did is told late.
            _log.exception("a move is missing from the ledger", hold=hold.id)
        return moved

    async def _note(self, kind: EventKind, hold: Hold, said: Mapping[str, str | int]) -> None:
        await self._ledger.append(Event(kind, self._clock.now(), hold.session_id, dict(said)))
