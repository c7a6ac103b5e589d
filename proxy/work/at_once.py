"""Only so many at a time, so that thousands who come together wait here and not in the database.

It would answer most of them too late. But where it does not answer at all, nobody waits for their
turn to find that out: who fails fails for all who wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from app.errors import StorageUnavailable

if TYPE_CHECKING:
    from types import TracebackType


class AtOnce:
    """Lets so many into a block; the others wait, in their order. Raises StorageUnavailable."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
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

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, StorageUnavailable):
            for turn in self._waiting:
                if not turn.done():
                    turn.set_exception(StorageUnavailable(*error.args))
        self._hand_on()

    def _hand_on(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
