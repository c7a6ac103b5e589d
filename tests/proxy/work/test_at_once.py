"""Only so many at a time, in their order, also where some leave or fail."""

from __future__ import annotations

import asyncio

import pytest

from app.errors import StorageUnavailable
from proxy.work.at_once import AtOnce


class Block:
    """Lets in two at a time; each stays until the test ends its turn, with an error or without."""

    def __init__(self) -> None:
        self._at_once = AtOnce(2)
        self.inside: list[int] = []
        self.left = asyncio.Event()
        self._ends: dict[int, asyncio.Future[None]] = {}

    async def enter(self, number: int) -> None:
        end = self._ends[number] = asyncio.get_running_loop().create_future()
        async with self._at_once.turn():
            self.inside.append(number)
            try:
                await end
            finally:
                self.inside.remove(number)
                self.left.set()

    async def end(self, number: int, error: Exception | None = None) -> None:
        self._ends[number].set_exception(error) if error else self._ends[number].set_result(None)
        await settled()

    async def come(self, count: int) -> list[asyncio.Task[None]]:
        tasks = [asyncio.ensure_future(self.enter(number)) for number in range(count)]
        await settled()
        return tasks


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_others_follow_in_their_order() -> None:
    block = Block()
    await block.come(5)
    assert block.inside == [0, 1]
    await block.end(1)
    assert block.inside == [0, 2]
    await block.end(0)
    await block.end(2)
    assert block.inside == [3, 4]
    await block.end(3)
    await block.end(4)
    await block.come(2)
    assert block.inside == [0, 1]


async def test_who_leaves_while_waiting_is_passed_over() -> None:
    block = Block()
    tasks = await block.come(4)
    tasks[2].cancel()
    await settled()
    await block.end(0)
    assert block.inside == [1, 3]


async def test_who_leaves_at_the_moment_of_their_turn_leaves_it_to_the_next() -> None:
    block = Block()
    tasks = await block.come(4)
    ending = asyncio.ensure_future(block.end(0))
    await block.left.wait()
    tasks[2].cancel()
    await ending
    await settled()
    assert block.inside == [1, 3]


async def test_where_the_storage_is_away_all_who_wait_hear_of_it() -> None:
    block = Block()
    tasks = await block.come(4)
    await block.end(0, StorageUnavailable("It is away."))
    for task in (tasks[0], *tasks[2:]):
        with pytest.raises(StorageUnavailable, match="It is away"):
            await task
    assert block.inside == [1]
    [later, _] = await block.come(2)
    assert block.inside == [1, 0]
    assert not later.done()


async def test_where_the_storage_answers_others_the_rest_go_on_waiting() -> None:
    block = Block()
    tasks = await block.come(5)
    await block.end(1)
    await block.end(0, StorageUnavailable("It was late."))
    with pytest.raises(StorageUnavailable, match="It was late"):
        await tasks[0]
    assert block.inside == [2, 3]
    assert not tasks[4].done()


async def test_where_one_fails_for_another_reason_the_others_go_on() -> None:
    block = Block()
    tasks = await block.come(4)
    await block.end(0, ValueError("of its own"))
    with pytest.raises(ValueError, match="of its own"):
        await tasks[0]
    assert block.inside == [1, 2]
