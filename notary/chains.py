"""Which chains of the ledger to read: as many exist as processes have ever started."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.storage.ports import LedgerStore

_ROUNDS_BETWEEN_SWEEPS = 60
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
        self._rounds_to_sweep = 0

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
        return sorted(self._busy if self._rounds_to_sweep else self._known)

    def grew(self, name: str) -> None:
        """Note that something new was found in a chain."""
        self._busy[name] = time.monotonic()

    def all_read(self) -> None:
        """Note that all of a round were read to their end."""
        self._rounds_to_sweep = (self._rounds_to_sweep or _ROUNDS_BETWEEN_SWEEPS) - 1
