"""The dashboard counts every session of its time; what cannot change any more is counted once."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.record.session import Decision, SessionState
from app.domain.verdict import Action, Verdict
from proxy.replay.dashboard.counting import _VERSION, Counting
from proxy.replay.dashboard.figures import Figures
from proxy.replay.dashboard.gathering import Dashboard
from proxy.replay.dashboard.tally import HOUR, OTHERS, Tally
from tests.app.storage.test_mongo import a_session
from tests.bot.values import fired, hold
from tests.written import change_session, open_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.record.session import Session
    from app.storage.store import MongoStorage

NOW = datetime(2026, 11, 30, 20, 40, tzinfo=UTC)
LABELS = frozenset({"[aws]"})
THIS_HOUR = datetime(2026, 11, 30, 20, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.replay.dashboard.counting._BATCH", 3)


@asynccontextmanager
async def counting(storage: MongoStorage) -> AsyncIterator[Counting]:
    counted = Counting(storage, Clock(), lambda: LABELS)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(counted.run())
        yield counted
        running.cancel()


async def recorded(
    storage: MongoStorage, hours_ago: int, minute: int = 0, **changes: object
) -> Session:
    over = {"state": SessionState.CLOSED, "decision": Decision.ALLOWED}
    at = THIS_HOUR - hours_ago * HOUR + timedelta(minutes=minute)
    session = a_session(at, **over | changes)
    await open_session(storage, session)
    return session


async def held(storage: MongoStorage, hours_ago: int) -> Session:
    session = await recorded(storage, hours_ago, hold_id=hold().id)
    await storage.holds.open(hold(created_at=NOW, session_id=session.id))
    return session


def by_hours_ago(found: dict[datetime, Tally]) -> dict[int, int]:
    """Return how many sessions were counted, by how long ago."""
    return {(THIS_HOUR - hour) // HOUR: tally.sessions for hour, tally in found.items()}


async def test_every_session_is_counted_in_its_hour(storage: MongoStorage) -> None:
    made = {0: 5, 1: 1, 2: 7, 5: 3, 20: 4, 21: 1, 70: 8, 167: 2}
    for hours_ago, number in made.items():
        for at in range(number):
            await recorded(storage, hours_ago, 5 * at)
    await recorded(storage, 200)
    figures = Figures.of_days(7, NOW)
    async with counting(storage) as counted:
        first = await counted.of(figures.hours)
        again = await counted.of(figures.hours)
    assert first == again
    assert set(first) == set(figures.hours)
    assert {ago: n for ago, n in by_hours_ago(first).items() if n} == made
    for hour, tally in first.items():
        figures.take(hour, tally)
    assert figures.whole.sessions == sum(made.values())
    assert sum((day for day in figures.volume.values()), Counter())["passed"] == sum(made.values())


async def test_an_hour_is_counted_again_until_all_of_it_is_over(storage: MongoStorage) -> None:
    over = await recorded(storage, 5)
    still_open = await recorded(storage, 10, state=SessionState.OPEN)
    pending = await held(storage, 15)
    late = await recorded(storage, 1)
    hours = Figures.of_days(1, NOW).hours
    async with counting(storage) as counted:
        first = by_hours_ago(await counted.of(hours))
    assert {ago for ago, number in first.items() if number} == {1, 5, 10, 15}
    for session in (over, pending, late):
        await storage.sessions.remove(session.id)
    await change_session(storage, still_open.id, state=SessionState.CLOSED)
    # Another process, which has only what was kept.
    async with counting(storage) as counted:
        second = by_hours_ago(await counted.of(hours))
        await storage.sessions.remove(still_open.id)
        third = by_hours_ago(await counted.of(hours))
    assert {ago for ago, number in second.items() if number} == {5, 10}
    assert third == second, "what had ended was kept then"


async def test_a_kept_day_that_cannot_be_read_is_counted_again(storage: MongoStorage) -> None:
    await recorded(storage, 5)
    hours = Figures.of_days(1, NOW).hours
    async with counting(storage) as counted:
        first = await counted.of(hours)
    days = await storage.counts.of_days([f"{_VERSION} {THIS_HOUR.date().isoformat()}"])
    for day in days:
        await storage.counts.put(replace(day, hours=b'{"7": {"sessions": "man'))
    assert days
    async with counting(storage) as counted:
        assert await counted.of(hours) == first


async def test_a_hold_that_several_sessions_name_is_counted_once(storage: MongoStorage) -> None:
    first = await held(storage, 5)
    for minute in range(0, 50, 10):
        await recorded(storage, 5, minute + 1, hold_id=first.hold_id)
    await recorded(storage, 3, hold_id=first.hold_id)
    figures = Figures.of_days(1, NOW)
    async with counting(storage) as counted:
        for hour, tally in (await counted.of(figures.hours)).items():
            figures.take(hour, tally)
    assert figures.whole.sessions == 7
    assert figures.whole.holds == {"pending": 1}


async def test_what_is_kept_has_few_names_and_no_words_of_a_text(
    storage: MongoStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.replay.dashboard.tally._MOST_NAMES", 2)
    excerpt = replace(fired().excerpts[0], words="[CONFIDENTIAL: layoffs] [aws]")
    for minute in range(4):
        rule = fired(action=Action.MASK, excerpts=(excerpt,))
        verdict = Verdict(Action.MASK, (rule,), "r1")
        await recorded(storage, 5, minute, verdict=verdict, model=f"model-{minute}")
    async with counting(storage) as counted:
        await counted.of(Figures.of_days(1, NOW).hours)
    async with counting(storage) as counted:
        kept = (await counted.of([THIS_HOUR - 5 * HOUR]))[THIS_HOUR - 5 * HOUR]
    assert kept.masked == {"[aws]": 4}
    assert {name: usage.sessions for name, usage in kept.models.items()} == {
        "model-3": 1,
        "model-2": 1,
        OTHERS: 2,
    }


async def test_what_is_not_counted_yet_is_told(
    storage: MongoStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.replay.dashboard.counting._PATIENCE_SECONDS", 0.0)
    await recorded(storage, 3)
    waiting = Dashboard(storage, Clock(), lambda: LABELS)
    figures, panels = await waiting.panels(1)
    assert (figures.uncounted, figures.whole.sessions, panels) == (24, 0, ())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(waiting.run())
        while figures.uncounted > 2:
            figures, panels = await waiting.panels(1)
        running.cancel()
    assert figures.whole.sessions == 1
    assert panels
