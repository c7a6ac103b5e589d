"""Keeps below Slack's rates, for each channel by itself."""

from __future__ import annotations

import asyncio


class Pace:
    """Lets `burst` calls pass at once and then one each `seconds`, first come, first served."""

    def __init__(self, seconds: float, burst: int) -> None:
        self._seconds = seconds
        self._burst = burst
        self._free_at: dict[str, float] = {}

    async def turn(self, key: str) -> None:
        """Wait for one's turn."""
        delay = self.book(key, asyncio.get_running_loop().time())
        if delay > 0:
            await asyncio.sleep(delay)

    def book(self, key: str, now: float) -> float:
        """Take the next free turn and return in how many seconds it comes."""
        # Time that was not used adds up to a burst and no more.
        oldest = now - self._seconds * (self._burst - 1)
        turn = max(self._free_at.get(key, oldest), oldest)
        self._free_at[key] = turn + self._seconds
        return turn - now

    def hold_back(self, key: str, until: float) -> None:
        """Let nobody pass before that moment: Slack asked for it."""
        self._free_at[key] = max(self._free_at.get(key, until), until)
