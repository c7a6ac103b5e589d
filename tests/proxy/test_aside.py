"""What is large is done beside the loop, which goes on meanwhile; what is small, on it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from proxy.aside import LARGE_BYTES, SMALL_BYTES, Aside, AsideMasker

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = b"x" * 1000


@pytest.fixture
def aside() -> Iterator[Aside]:
    with closing(Aside()) as aside:
        yield aside


class KeepsAll:
    """Gives nothing before its end, as a document does; notes in which thread it was asked."""

    uninspected: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self._kept = b""

    def feed(self, data: bytes) -> bytes:
        self.threads.append(threading.current_thread())
        self._kept += data
        return b""

    def finish(self) -> bytes:
        self.threads.append(threading.current_thread())
        return self._kept


@pytest.mark.parametrize("size", [SMALL_BYTES, LARGE_BYTES])
async def test_the_loop_goes_on_while_a_large_message_is_worked_on(aside: Aside, size: int) -> None:
    met = threading.Barrier(2)
    working = asyncio.ensure_future(aside.do(size, lambda: met.wait(20)))
    await asyncio.sleep(0)
    await asyncio.to_thread(met.wait, 20)  # which this loop has to start
    await working


async def test_what_is_less_large_does_not_wait_for_the_largest(aside: Aside) -> None:
    release = threading.Event()
    largest = asyncio.ensure_future(aside.do(LARGE_BYTES, lambda: release.wait(20)))
    assert await aside.do(LARGE_BYTES - 1, lambda: "done") == "done"
    assert not largest.done()
    release.set()
    assert await largest


async def test_what_is_small_is_done_on_the_loop(aside: Aside) -> None:
    assert await aside.do(SMALL_BYTES - 1, threading.current_thread) is threading.main_thread()


async def test_what_has_come_in_pieces_and_not_gone_out_counts_together(aside: Aside) -> None:
    kept = KeepsAll()
    masker = AsideMasker(kept, aside)
    pieces = SMALL_BYTES // len(PIECE) + 1
    for _ in range(pieces):
        assert await masker.feed(PIECE) == b""
    assert await masker.finish() == PIECE * pieces
    on_loop = [thread is threading.main_thread() for thread in kept.threads]
    assert on_loop == [True] * (pieces - 1) + [False, False]
