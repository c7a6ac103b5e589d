"""One at a time for each person, and not too many persons at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from proxy.holds.turns import RequesterTurns
from proxy.work.at_once import AT_ONCE

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


class Inside:
    """Takes turns, and keeps each until it is let go; knows how many have one."""

    def __init__(self, turns: RequesterTurns) -> None:
        self._turns = turns
        self._here: asyncio.Queue[str] = asyncio.Queue()
        self._go = asyncio.Event()
        self.names: list[str] = []
        self.most = 0

    async def take(self, name: str) -> None:
        async with self._turns.of(name):
            self.names.append(name)
            self.most = max(self.most, len(self.names))
            self._here.put_nowait(name)
            await self._go.wait()
            self.names.remove(name)

    async def until(self, count: int) -> None:
        for _ in range(count):
            await self._here.get()

    def let_go(self) -> None:
        self._go.set()


async def test_of_many_persons_some_have_their_turn_at_once_and_then_the_others(
    storage: MongoStorage,
) -> None:
    inside = Inside(RequesterTurns(storage.leases, "me"))
    async with asyncio.TaskGroup() as tasks:
        for number in range(2 * AT_ONCE + 5):
            tasks.create_task(inside.take(f"person-{number}"))
        await inside.until(AT_ONCE)
        for _ in range(AT_ONCE):  # In that time the others would have theirs, too.
            await storage.leases.get("unused")
        inside.let_go()
    assert inside.most == AT_ONCE
    assert inside.names == []


async def test_waiting_for_ones_own_turn_takes_no_place_from_others(storage: MongoStorage) -> None:
    inside = Inside(RequesterTurns(storage.leases, "me"))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2 * AT_ONCE):
            tasks.create_task(inside.take("busy"))
        tasks.create_task(inside.take("another"))
        await inside.until(2)
        assert sorted(inside.names) == ["another", "busy"]
        inside.let_go()


async def test_two_gateways_give_one_person_one_turn_at_a_time(storage: MongoStorage) -> None:
    gateways = [RequesterTurns(storage.leases, name) for name in ("here", "there")]
    having = 0

    async def take(turns: RequesterTurns) -> int:
        nonlocal having
        async with turns.of("person"):
            having += 1
            seen = having
            await storage.holds.unsettled()
            having -= 1
        return seen

    assert set(await asyncio.gather(*(take(turns) for turns in gateways * 4))) == {1}
