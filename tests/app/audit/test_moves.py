from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from app.audit.moves import Mover
from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import HoldEvent, HoldState
from app.errors import StorageUnavailable, Superseded
from tests.bot.values import hold

if TYPE_CHECKING:
    from app.domain.event import Event
    from app.storage.store import MongoStorage


@dataclass
class FullDisk:
    """A ledger that takes so many facts and no more."""

    room: int
    kinds: list[EventKind] = field(default_factory=list)

    async def append(self, event: Event) -> None:
        if len(self.kinds) == self.room:
            raise StorageUnavailable("the disk is full")
        self.kinds.append(event.kind)


async def test_a_move_that_cannot_be_recorded_does_not_happen(storage: MongoStorage) -> None:
    held = await storage.holds.open(hold())
    with pytest.raises(StorageUnavailable):
        await Mover(storage.holds, FullDisk(0), SystemClock()).move(held, HoldEvent.DEADLINE)
    assert await storage.holds.get(held.id) == held


async def test_a_move_whose_effect_cannot_be_recorded_is_in_the_ledger_all_the_same(
    storage: MongoStorage,
) -> None:
    held = await storage.holds.open(hold())
    ledger = FullDisk(1)
    moved = await Mover(storage.holds, ledger, SystemClock()).move(
        held, HoldEvent.WITHDRAW, note="Nobody was asked."
    )
    assert ledger.kinds == [EventKind.HOLD_MOVING]
    assert (moved.state, moved.note) == (HoldState.WITHDRAWN, "Nobody was asked.")
    assert await storage.holds.get(held.id) == moved


async def test_of_two_who_move_a_hold_one_says_that_it_did(storage: MongoStorage) -> None:
    held = await storage.holds.open(hold())
    ledger = FullDisk(9)
    mover = Mover(storage.holds, ledger, SystemClock())
    await mover.move(held, HoldEvent.DEADLINE)
    with pytest.raises(Superseded):
        await mover.move(held, HoldEvent.DEADLINE)
    assert ledger.kinds.count(EventKind.HOLD_MOVED) == 1
