from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.audit.moves import Mover
from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import HoldEvent, HoldState, Vote
from app.errors import Reason, Refused
from app.storage.feed import HoldFeed
from proxy.holds.holding import Holding
from proxy.record.pager import Bodies
from proxy.record.recorder import Recorder
from tests.app.storage.test_mongo import MARIA, NOW, a_hold, a_session
from tests.written import open_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.store import MongoStorage
    from proxy.record.recording import Recording

MOMENTS = 60


async def still_good(_: Hold) -> None:
    """Nothing has changed."""


@asynccontextmanager
async def waiting_for(
    storage: MongoStorage, hold: Hold, clock: Clock | None = None
) -> AsyncIterator[tuple[Holding, Recording]]:
    """Yield what waits for a hold, and the recording of its session."""
    clock, feed = clock or SystemClock(), HoldFeed(storage.holds)
    ledger = ChainedLedger(storage.ledger, "test")
    mover = Mover(storage.holds, ledger, clock)
    holding = Holding(storage.holds, storage.statements, storage.notices, feed, mover, clock, "me")
    bodies = Bodies(storage.pieces, storage.data_keys)
    await open_session(storage, a_session(NOW, id=hold.session_id))
    recorder = Recorder(storage.sessions, bodies, ledger, clock, "me")
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(ledger.run()), tasks.create_task(feed.run())]
        yield holding, await recorder.resume(hold.session_id)
        for task in running:
            task.cancel()


async def test_an_approval_is_not_used_after_it_was_kept_long_enough(
    storage: MongoStorage,
) -> None:
    hold = await storage.holds.open(replace(a_hold(), deadline=NOW + timedelta(hours=1)))
    approved = hold.after(
        HoldEvent.APPROVE, NOW - timedelta(hours=1), Vote(MARIA, approve=True, at=NOW)
    )
    assert approved.keep_until is not None
    assert approved.keep_until < NOW
    await storage.holds.move(hold, approved)
    async with waiting_for(storage, approved) as (holding, recording):
        with pytest.raises(Refused) as refused:
            await holding.released(approved, "me:0", recording, None, None, still_good)
    assert refused.value.reason is Reason.APPROVAL_LAPSED
    left = await storage.holds.get(hold.id)
    assert left is not None
    assert left.state is HoldState.LAPSED
    told = [entry.event.kind for entry in await storage.ledger.entries(hold.session_id)]
    assert EventKind.REQUEST_FORWARDING not in told


async def test_who_leaves_at_the_moment_of_arriving_is_not_counted_as_waiting(
    storage: MongoStorage,
) -> None:
    hold = await storage.holds.open(replace(a_hold(), deadline=NOW + timedelta(hours=1)))
    async with waiting_for(storage, hold) as (holding, recording):
        for moment in range(MOMENTS):
            waits = holding.released(hold, holding.caller(), recording, None, None, still_good)
            waiting = asyncio.ensure_future(waits)
            for _ in range(moment):
                await asyncio.sleep(0)
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
    left = await storage.holds.get(hold.id)
    assert left is not None
    assert left.callers == ()
