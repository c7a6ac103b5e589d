"""Work in threads beside the event loop.

Threads share one interpreter, which they hand to each other every `SWITCH_SECONDS`: so the loop
goes on soon, unless a thread is in the middle of a long call into C. What is large has a thread of
its own, behind which nothing but the large waits.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from proxy.work.memory import trim

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL_BYTES = 8 * 1024
LARGE_BYTES = 256 * 1024
SWITCH_SECONDS = 0.0005
"""Python's own is 0.005: a request that goes through the loop forty times takes 0.2 s more then."""

TIDY_SECONDS = 2.0

_Result = TypeVar("_Result")


class Threads:
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
        self.tidy()
        return await loop.run_in_executor(self._large, work)

    def tidy(self) -> None:
        """Give back in a while what memory a large message took."""
        if self._tidying is None:
            loop = asyncio.get_running_loop()
            self._tidying = loop.call_later(TIDY_SECONDS, self._tidy)

    def _tidy(self) -> None:
        """Give back memory, behind the large work that has yet to be done."""
        self._tidying = None
        self._large.submit(trim)

    def close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
        for threads in (self._large, self._others):
            threads.shutdown(wait=False, cancel_futures=True)
