"""Work on large messages, in threads beside the event loop: nobody waits for somebody else's.

Threads share one interpreter, which they hand to each other every `SWITCH_SECONDS`: so the loop
goes on at once, whatever a thread is doing. What is small is done on the loop, since handing it
over would take longer than the work. What is large has a thread of its own, behind which nothing
but the large waits.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import AnswerMasker

SMALL_BYTES = 8 * 1024
LARGE_BYTES = 256 * 1024
SWITCH_SECONDS = 0.0005
"""Python's own is 0.005: a request that goes through the loop forty times takes 0.2 s more then."""

TIDY_SECONDS = 2.0

_Result = TypeVar("_Result")


class Aside:
    """Made once for a process, and closed by its owner."""

    def __init__(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        self._large = ThreadPoolExecutor(1, "large")
        self._others = ThreadPoolExecutor(2, "aside")
        self._tidying: asyncio.TimerHandle | None = None

    async def do(self, size: int, work: Callable[[], _Result]) -> _Result:
        """Return what `work` returns, for a message of so many bytes.

        A caller that is cancelled does not wait for it: work that has begun goes on to its end, so
        it must change nothing that anybody else looks at then.
        """
        if size < SMALL_BYTES:
            return work()
        loop = asyncio.get_running_loop()
        if size < LARGE_BYTES:
            return await loop.run_in_executor(self._others, work)
        if self._tidying is None:
            self._tidying = loop.call_later(TIDY_SECONDS, self._tidy)
        return await loop.run_in_executor(self._large, work)

    def _tidy(self) -> None:
        """Give back memory, behind the large work that has yet to be done."""
        self._tidying = None
        self._large.submit(_trim)

    def close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
        for threads in (self._large, self._others):
            threads.shutdown(wait=False, cancel_futures=True)


def _trim() -> None:
    """Return freed memory to the system, which the C library would keep for each thread."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # glibc has it
        trim(0)


class AsideMasker:
    """Masks an answer, and aside where much of it has come since something could go out."""

    def __init__(self, masker: AnswerMasker, aside: Aside) -> None:
        self._masker = masker
        self._aside = aside
        self._waiting = 0  # bytes; the next piece may complete them, and have all of them masked

    async def feed(self, piece: bytes) -> bytes:
        self._waiting += len(piece)
        out = await self._aside.do(self._waiting, lambda: self._masker.feed(piece))
        if out:
            self._waiting = 0
        return out

    async def finish(self) -> bytes:
        return await self._aside.do(self._waiting, self._masker.finish)
