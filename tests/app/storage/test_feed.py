from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pymongo import monitoring

from app.domain.hold import Hold, HoldEvent, HoldState
from app.errors import Unavailable
from app.storage import feed as feeds
from app.storage.feed import HoldFeed, Periodic
from tests.app.storage.test_mongo import NOW, a_hold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from app.storage.store import MongoStorage


class Asked(monitoring.CommandListener):
    """Counts how often each database is asked for more of its change stream."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "getMore":
            self.times[event.database_name] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing is counted twice."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing is counted twice."""


ASKED = Asked()
monitoring.register(ASKED)


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


@pytest.mark.parametrize("followed", [False, True])
async def test_while_nobody_waits_the_writes_of_others_ask_for_nothing(
    storage: MongoStorage,
    database_name: str,
    hold: Hold,
    monkeypatch: pytest.MonkeyPatch,
    *,
    followed: bool,
) -> None:
    monkeypatch.setattr(feeds, "_NOBODY_RESTS", 3600.0)
    monkeypatch.setattr(feeds, "_FOLLOWERS_REST", 3600.0)
    feed = HoldFeed(storage.holds, reread_seconds=3600)
    async with asyncio.TaskGroup() as tasks, aclosing(feed.changes()) as changes:
        running = tasks.create_task(feed.run())
        await feed.ready.wait()
        if followed:
            assert await anext(changes) == hold
        for number in range(20):
            await storage.receipts.note([f"receipt {number}"], NOW)
        # The first answer is to the first write; more are only asked for where somebody waits.
        assert ASKED.times[database_name] <= 2
        waits = tasks.create_task(feed.wait(hold.id, _is(HoldState.DENIED)))
        await asyncio.sleep(0)
        await storage.holds.move(hold, hold.after(HoldEvent.DENY, NOW))
        assert (await waits).state is HoldState.DENIED
        running.cancel()
        await storage.receipts.note(["the last"], NOW)


def _is(state: HoldState) -> Callable[[Hold], bool]:
    return lambda hold: hold.state is state
