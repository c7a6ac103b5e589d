"""Only so many at a time, so that thousands who come together wait here and not in the database.

The database would answer most of them too late. Where it does not answer at all, those who wait do
not each have to find that out: if one fails and no other got an answer meanwhile, all of them fail.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from app.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AT_ONCE = 32
"""More would only wait in the database, which works on few things at a time."""


class AtOnce:
    """Lets so many into a block; the others wait, in their order."""

    def __init__(self, most: int = AT_ONCE) -> None:
        self._free = most
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._answered = 0
        """How many blocks have ended otherwise than for lack of the storage."""

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Have a turn for the length of a block. Raises StorageUnavailable."""
        await self._let_in()
        before = self._answered
        try:
            yield
        except StorageUnavailable as error:
            if self._answered == before:
                self._send_away(error)
            raise
        except Exception:
            self._answered += 1
            raise
        else:
            self._answered += 1
        finally:
            self._hand_on()

    async def _let_in(self) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.exception() is None:
                self._hand_on()
            raise

    def _send_away(self, error: StorageUnavailable) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(StorageUnavailable(*error.args))

    def _hand_on(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
