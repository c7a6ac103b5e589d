"""What is large is done beside the loop, which goes on meanwhile; what is small, on it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from proxy.work.threads import LARGE_BYTES, SMALL_BYTES, Threads

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def threads() -> Iterator[Threads]:
    with closing(Threads()) as threads:
        yield threads


@pytest.mark.parametrize("size", [SMALL_BYTES, LARGE_BYTES])
async def test_the_loop_goes_on_while_a_large_message_is_worked_on(
    threads: Threads, size: int
) -> None:
    met = threading.Barrier(2)
    working = asyncio.ensure_future(threads.do(size, lambda: met.wait(20)))
    await asyncio.sleep(0)
    await asyncio.to_thread(met.wait, 20)  # which this loop has to start
    await working


async def test_what_is_less_large_does_not_wait_for_the_largest(threads: Threads) -> None:
    release = threading.Event()
    largest = asyncio.ensure_future(threads.do(LARGE_BYTES, lambda: release.wait(20)))
    assert await threads.do(LARGE_BYTES - 1, lambda: "done") == "done"
    assert not largest.done()
    release.set()
    assert await largest


async def test_what_is_small_is_done_on_the_loop(threads: Threads) -> None:
    assert await threads.do(SMALL_BYTES - 1, threading.current_thread) is threading.main_thread()
