"""Keeps below Slack's rates, for each channel by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Pace:
    """Lets `burst` calls pass at once and then one each `seconds`, first come, first served."""

    def __init__(self, seconds: float, burst: int) -> None:
        self._seconds = seconds
        self._burst = burst
        self._free_at: dict[str, float] = {}

    async def turn(self, key: str) -> None:
        """Wait for one's turn."""
        delay = self._book(key, asyncio.get_running_loop().time)
        if delay > 0:
            await asyncio.sleep(delay)

    def hold_back(self, key: str, seconds: float) -> None:
        """Let nobody pass for so long: Slack asked for it."""
        until = asyncio.get_running_loop().time() + seconds
        self._free_at[key] = max(self._free_at.get(key, 0.0), until)

    def _book(self, key: str, clock: Callable[[], float]) -> float:
        now = clock()
        # Time that was not used adds up to a burst and no more.
        oldest = now - self._seconds * (self._burst - 1)
        turn = max(self._free_at.get(key, oldest), oldest)
        self._free_at[key] = turn + self._seconds
        return turn - now
