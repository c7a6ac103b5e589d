"""Which chains of the ledger to read: as many exist as processes have ever started."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.storage.ports import LedgerStore

_SWEEP_SECONDS = 600.0
_BUSY_SECONDS = 3600.0
# Far more than clocks differ by: a chain is found by the time of its first entry.
_OVERLAP = timedelta(days=1)


class Chains:
    """Those in which something was written lately, in each round; now and then all of them."""

    def __init__(self, store: LedgerStore, known: Iterable[str], busy: Iterable[str] = ()) -> None:
        self._store = store
        self._known = set(known)
        self._busy = dict.fromkeys(busy, time.monotonic())
        """When something new was last found in a chain, by this process's clock."""
        self._since: datetime | None = None
        self._swept_at: float | None = None
        """When all of them were last read, by this process's clock."""
        self._sweeps = True

    async def due(self) -> list[str]:
        """Return the names of those to read in this round. Raises StorageUnavailable."""
        firsts = await self._store.firsts(self._since)
        for first in firsts:
            if first.chain not in self._known:
                self._known.add(first.chain)
                self.grew(first.chain)
        if firsts:
            self._since = max(first.event.at for first in firsts) - _OVERLAP
        now = time.monotonic()
        self._busy = {name: at for name, at in self._busy.items() if now - at < _BUSY_SECONDS}
        self._sweeps = self._swept_at is None or now - self._swept_at >= _SWEEP_SECONDS
        return sorted(self._known if self._sweeps else self._busy)

    def grew(self, name: str) -> None:
        """Note that something new was found in a chain."""
        self._busy[name] = time.monotonic()

    def all_read(self) -> None:
        """Note that all of a round were read to their end."""
        if self._sweeps:
            self._swept_at = time.monotonic()
