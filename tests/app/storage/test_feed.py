from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.domain.hold import Hold, HoldEvent, HoldState
from app.errors import Unavailable
from app.storage.feed import HoldFeed, Periodic
from tests.app.storage.test_mongo import NOW, a_hold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from app.storage.store import MongoStorage


@pytest.fixture
async def feed(storage: MongoStorage) -> AsyncIterator[HoldFeed]:
    feed = HoldFeed(storage.holds, reread_seconds=3600)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        await feed.ready.wait()
        yield feed
        running.cancel()


@pytest.fixture
async def hold(storage: MongoStorage) -> Hold:
    return await storage.holds.open(a_hold())


async def test_who_waits_is_told_the_change_that_counts_though_others_come_first(
    feed: HoldFeed, hold: Hold, storage: MongoStorage
) -> None:
    async with asyncio.TaskGroup() as tasks:
        waits = tasks.create_task(feed.wait(hold.id, _is(HoldState.RELEASED)))
        voted = replace(hold, revision=1)
        await storage.holds.move(hold, voted)
        approved = voted.after(HoldEvent.APPROVE, NOW)
        await storage.holds.move(voted, approved)
        released = approved.after(HoldEvent.CLAIM, NOW)
        await storage.holds.move(approved, released)
    assert waits.result() == released


async def test_who_comes_after_the_change_does_not_wait_for_another(
    feed: HoldFeed, hold: Hold, storage: MongoStorage
) -> None:
    denied = hold.after(HoldEvent.DENY, NOW)
    await storage.holds.move(hold, denied)
    assert await feed.wait(hold.id, _is(HoldState.DENIED)) == denied


async def test_a_wait_that_pulses_is_told_as_any_other(
    feed: HoldFeed, hold: Hold, storage: MongoStorage
) -> None:
    beats, beaten = 0, asyncio.Event()

    async def beat() -> None:
        nonlocal beats
        beats += 1
        if beats == 3:
            beaten.set()

    async with asyncio.TaskGroup() as tasks:
        pulse = Periodic(0.001, beat)
        waits = tasks.create_task(feed.wait(hold.id, _is(HoldState.DENIED), pulse))
        await beaten.wait()
        await storage.holds.move(hold, hold.after(HoldEvent.DENY, NOW))
    assert waits.result().state is HoldState.DENIED


async def test_a_feed_that_stops_sends_all_of_them_away(feed: HoldFeed, hold: Hold) -> None:
    beating = asyncio.Event()

    async def beat() -> None:
        beating.set()

    async def sent_away() -> None:
        with pytest.raises(Unavailable, match="send the request again"):
            await feed.wait(hold.id, _is(HoldState.DENIED), Periodic(0.001, beat))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sent_away())
        await beating.wait()
        feed.stop()


def _is(state: HoldState) -> Callable[[Hold], bool]:
    return lambda hold: hold.state is state
