"""Withdraws the card of a tool call, or of a hook's question, when its client has left for good.

Whoever presses Esc does not want the call any more; a client that only lost its connection sends
its request again within seconds, and finds the hold as it was when the model makes the same call.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from app.audit.moves import Mover
from app.domain.hold import HoldEvent, HoldState
from app.errors import StorageUnavailable, Superseded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.ports import HoldStore, Ledger

GRACE_SECONDS = 8.0
_MOST_TURNS = 15
_HURRY_SECONDS = 2.0
_WHY = "The agent stopped waiting, so the call was not made."


class Leaving:
    def __init__(
        self, holds: HoldStore, ledger: Ledger, clock: Clock, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self._holds = holds
        self._mover = Mover(holds, ledger, clock)
        self._grace = grace_seconds
        self._tasks: dict[asyncio.Task[None], Hold] = {}
        self._coming: Counter[str] = Counter()
        """How many answers are on their way to whom, by `Hold.asker`."""

    @contextmanager
    def answering(self, asker: str) -> Iterator[None]:
        """Count an answer that may make the same call again, as long as it comes."""
        self._coming[asker] += 1
        try:
            yield
        finally:
            self._coming[asker] -= 1
            if not self._coming[asker]:
                del self._coming[asker]

    def withdraw(self, hold: Hold) -> None:
        """Withdraw it in some seconds, if then no client waits for it."""
        task = asyncio.get_running_loop().create_task(self._later(hold))
        self._tasks[task] = hold
        task.add_done_callback(self._tasks.pop)

    async def hurry(self) -> None:
        """Withdraw now what nobody waits for: this gateway ends."""
        left = dict(self._tasks)
        for task in left:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_HURRY_SECONDS):
                await asyncio.gather(*map(self._unless_waited_for, left.values()))

    async def _later(self, hold: Hold) -> None:
        await asyncio.sleep(self._grace)
        for _ in range(_MOST_TURNS):
            if not self._coming[hold.asker]:
                break
            await asyncio.sleep(self._grace)
        await self._unless_waited_for(hold)

    async def _unless_waited_for(self, hold: Hold) -> None:
        with suppress(StorageUnavailable, Superseded):
            current = await self._holds.get(hold.id)
            if current is None or current.state is not HoldState.PENDING or current.attached:
                return
            await self._mover.move(current, HoldEvent.WITHDRAW, note=_WHY if current.tool else "")
