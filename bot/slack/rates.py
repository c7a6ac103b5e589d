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
        """Wait for one's turn. A cancelled wait gives it back."""
        delay = self.book(key, asyncio.get_running_loop().time())
        if delay <= 0:
            return
        try:
            await asyncio.sleep(delay)
        except asyncio.CancelledError:
            self.give_back(key)
            raise

    def at_once(self, key: str) -> bool:
        """Take a turn if it is free right now."""
        if self.book(key, asyncio.get_running_loop().time()) <= 0:
            return True
        self.give_back(key)
        return False

    def book(self, key: str, now: float) -> float:
        """Take the next free turn and return in how many seconds it comes."""
        # Time that was not used adds up to a burst and no more.
        oldest = now - self._seconds * (self._burst - 1)
        turn = max(self._free_at.get(key, oldest), oldest)
        self._free_at[key] = turn + self._seconds
        return turn - now

    def give_back(self, key: str) -> None:
        """A turn was taken and not used."""
        self._free_at[key] -= self._seconds

    def hold_back(self, key: str, seconds: float) -> None:
        """Let nobody pass for so long: Slack asked for it."""
        until = asyncio.get_running_loop().time() + seconds
        self._free_at[key] = max(self._free_at.get(key, until), until)
