"""A busy process gives signs of life; one whose loop has stopped for good does not."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from app.domain.lease import SLACK_POSTER
from app.storage.lifeline import Lifeline
from app.storage.store import MongoStorage
from bot.delivery.leader import Duty
from bot.delivery.no_approver import Silence
from proxy.process.heart import Heart

if TYPE_CHECKING:
    from app.domain.lease import Lease

BUSY_SECONDS = 6.0
"""Longer than a bot on duty may be silent."""


def seen_from_elsewhere(uri: str, name: str, until: threading.Event) -> list[Lease]:
    """Have another bot stand by, and note the lease each second: in another thread."""
    seen: list[Lease] = []

    async def stand_by() -> None:
        storage = MongoStorage.connect(uri, name)
        async with Lifeline(storage.again) as life, asyncio.TaskGroup() as tasks:
            other = tasks.create_task(Duty(life).serve(forever))
            while not until.is_set():
                seen.append(await storage.leases.get(SLACK_POSTER))
                await asyncio.sleep(0.5)
            other.cancel()
        storage.close()

    asyncio.run(stand_by())
    return seen


async def forever() -> None:
    await asyncio.Event().wait()


async def test_a_bot_that_is_busy_for_long_stays_on_duty(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    working, over = asyncio.Event(), threading.Event()

    async def work() -> None:
        working.set()
        await forever()

    async with Lifeline(storage.again) as life, asyncio.TaskGroup() as tasks:
        on_duty = tasks.create_task(Duty(life).serve(work))
        await working.wait()
        mine = (await storage.leases.get(SLACK_POSTER)).owner
        with ThreadPoolExecutor(1) as elsewhere:
            watching = elsewhere.submit(seen_from_elsewhere, mongodb_uri, database_name, over)
            time.sleep(BUSY_SECONDS)  # noqa: ASYNC251 - what is tested: nothing else runs meanwhile
            over.set()
            seen = await asyncio.wrap_future(watching)
        on_duty.cancel()
    assert {lease.owner for lease in seen} == {mine}
    assert seen[-1].beat - seen[0].beat >= 3


async def test_a_loop_that_stopped_for_good_gives_no_more_signs_of_life(
    storage: MongoStorage,
) -> None:
    working = asyncio.Event()

    async def work() -> None:
        working.set()
        await forever()

    async with Lifeline(storage.again, stalled_seconds=1.5) as life, asyncio.TaskGroup() as tasks:
        beating = tasks.create_task(Heart("me", life, 0.5).run())
        on_duty = tasks.create_task(Duty(life).serve(work))
        await working.wait()
        assert life.turning
        before = life.awake_seconds
        time.sleep(4)  # noqa: ASYNC251 - what is tested: the loop does not turn
        assert not life.turning
        stopped = await storage.leases.get(SLACK_POSTER)
        assert stopped.beat <= 4
        [heartbeat] = await storage.gateways.all()
        assert 1 <= heartbeat.beat <= 5
        assert life.awake_seconds - before <= 2
        on_duty.cancel()
        beating.cancel()


def test_silence_counts_only_while_somebody_could_hear() -> None:
    awake = 10.0
    silence = Silence(20.0, lambda: awake)
    assert not silence.too_long()
    awake += 19
    assert not silence.too_long()
    silence.end()
    awake += 5
    assert not silence.too_long()
    awake += 20
    assert silence.too_long()
