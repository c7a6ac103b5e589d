from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.pieces import Cutter
from app.storage.feed import HoldFeed
from app.vault import Vault
from proxy.holding import Holding
from proxy.pager import Bodies
from proxy.recorder import Recorder
from tests.app.storage.test_mongo import NOW, a_hold, a_session

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

MOMENTS = 60


async def still_good() -> None:
    """Nothing has changed."""


async def test_who_leaves_at_the_moment_of_arriving_is_not_counted_as_waiting(
    storage: MongoStorage,
) -> None:
    clock, feed = SystemClock(), HoldFeed(storage.holds)
    holding = Holding(storage.holds, storage.statements, storage.notices, feed, clock, "me")
    ledger = ChainedLedger(storage.ledger, "test")
    bodies = Bodies(storage.pieces, Cutter(Vault.new_key()))
    session = a_session(NOW)
    await storage.sessions.open(session)
    recording = await Recorder(storage.sessions, bodies, ledger, clock, "me").resume(session.id)
    hold = await storage.holds.open(replace(a_hold(), deadline=clock.now() + timedelta(hours=1)))
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
