from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import HoldState
from app.domain.lease import SLACK_POSTER
from app.domain.notice import Notice, NoticeKind
from proxy.holds.attendance import Attendance
from tests.app.storage.test_mongo import NOW, a_hold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.storage.store import MongoStorage


@pytest.fixture
async def attendance(storage: MongoStorage) -> AsyncIterator[Attendance]:
    ledger = ChainedLedger(storage.ledger, "test")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        yield Attendance(storage.leases, storage.holds, storage.notices, ledger, SystemClock())
        running.cancel()


async def state(storage: MongoStorage, hold_id: str) -> HoldState:
    hold = await storage.holds.get(hold_id)
    assert hold is not None
    return hold.state


async def test_what_nobody_is_asked_about_is_given_back_when_no_bot_gives_a_sign_of_life(
    storage: MongoStorage, attendance: Attendance
) -> None:
    held = await storage.holds.open(a_hold())
    await attendance.look(0)
    await attendance.look(29)
    assert await state(storage, held.id) is HoldState.PENDING
    await attendance.look(30)
    given_back = await storage.holds.get(held.id)
    assert given_back is not None
    assert given_back.state is HoldState.WITHDRAWN
    assert "bot isn't running" in given_back.note
    told = [entry.event for entry in await storage.ledger.entries(held.session_id)]
    assert [event.kind for event in told] == [EventKind.HOLD_MOVING, EventKind.HOLD_MOVED]
    event = told[-1]
    assert (event.kind, event.data["state"]) == (EventKind.HOLD_MOVED, "withdrawn")


async def test_a_sign_of_life_lets_them_wait(storage: MongoStorage, attendance: Attendance) -> None:
    held = await storage.holds.open(a_hold())
    lease = await storage.leases.take(await storage.leases.get(SLACK_POSTER), "a bot")
    for at in range(0, 120, 20):
        assert lease is not None
        lease = await storage.leases.beat(lease)
        await attendance.look(at)
    assert await state(storage, held.id) is HoldState.PENDING
    await attendance.look(100 + 30)
    assert await state(storage, held.id) is HoldState.WITHDRAWN


async def test_a_card_that_somebody_has_may_still_be_decided(
    storage: MongoStorage, attendance: Attendance
) -> None:
    held = await storage.holds.open(a_hold())
    asked = await storage.notices.ensure(Notice("1", held.id, NoticeKind.CARD, "approvals"))
    leased = await storage.notices.lease(asked, by="bot", now=NOW, until=NOW + timedelta(minutes=1))
    assert leased is not None
    await storage.notices.record(leased, channel="C1", ts="1.2", shown="card")
    other = a_hold("other")
    await storage.holds.open(other)
    await attendance.look(0)
    await attendance.look(30)
    assert await state(storage, other.id) is HoldState.WITHDRAWN
    assert await state(storage, held.id) is HoldState.PENDING
