"""Which rules are always approved, as it was a minute ago at worst."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from policies.approvals.habits import ENOUGH, always_approved

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.hold import Hold
    from app.storage.ports import HoldStore

_SECONDS = 60.0


class Habits:
    """Looks each rule up once a minute, however many cards are drawn."""

    def __init__(self, holds: HoldStore, now: Callable[[], float] = monotonic) -> None:
        """`now` gives seconds."""
        self._holds = holds
        self._now = now
        self._known: dict[str, tuple[float, bool]] = {}
        self._reading = asyncio.Lock()

    async def has(self, hold: Hold) -> bool:
        """Whether the last requests that its deciding rule held were all approved.

        Raises StorageUnavailable.
        """
        decisive = hold.verdict.decisive
        if decisive is None:
            return False
        async with self._reading:
            read_at, always = self._known.get(decisive.rule, (float("-inf"), False))
            if self._now() < read_at + _SECONDS:
                return always
            read_at = self._now()
            always = always_approved(await self._holds.judged(decisive.rule, ENOUGH))
            self._known[decisive.rule] = (read_at, always)
            return always
