"""Reads the ledger in order, chain by chain, from where a stream has come.

Between chains there is no order: each event has its time. Chains are as many as processes have
ever started, so those in which nothing is written any more are looked at now and then only.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.domain.event import Entry
    from app.storage.ports import LedgerStore

_BUSY_SECONDS = 3600.0
_ROUNDS_BETWEEN_SWEEPS = 60
_GAP_SECONDS = 60.0
# Far more than clocks differ by: a chain is found by the time of its first entry.
_OVERLAP = timedelta(days=1)
_log = structlog.get_logger(__name__)


class Follower:
    def __init__(
        self, ledger: LedgerStore, positions: Mapping[str, int], gap_seconds: float = _GAP_SECONDS
    ) -> None:
        """`positions` are the next numbers by chain, as they were kept."""
        self._ledger = ledger
        self._next = dict(positions)
        self._gap_seconds = gap_seconds
        self._busy = dict.fromkeys(positions, time.monotonic())
        self._gaps: dict[str, float] = {}
        """Since when the next entry of a chain is missing."""
        self._since: datetime | None = None
        self._rounds_to_sweep = 0

    async def read(self, limit: int) -> list[Entry]:
        """Return the next entries, which come again until `passed` has been called.

        Raises StorageUnavailable.
        """
        await self._find_chains()
        now = time.monotonic()
        self._busy = {name: at for name, at in self._busy.items() if now - at < _BUSY_SECONDS}
        found: list[Entry] = []
        for chain in sorted(self._busy if self._rounds_to_sweep else self._next):
            page = await self._ledger.chain(chain, self._next[chain], limit - len(found))
            found += self._in_order(chain, page)
            if page:
                self._busy[chain] = now
            if len(found) >= limit:
                return found
        self._rounds_to_sweep = (self._rounds_to_sweep or _ROUNDS_BETWEEN_SWEEPS) - 1
        return found

    def passed(self, entries: list[Entry]) -> dict[str, int]:
        """Go on after these; return the new positions of their chains."""
        ahead = {entry.chain: entry.seq + 1 for entry in entries}
        self._next |= ahead
        return ahead

    async def _find_chains(self) -> None:
        firsts = await self._ledger.firsts(self._since)
        for first in firsts:
            if first.chain not in self._next:
                self._next[first.chain] = 0
                self._busy[first.chain] = time.monotonic()
        if firsts:
            self._since = max(first.event.at for first in firsts) - _OVERLAP

    def _in_order(self, chain: str, page: tuple[Entry, ...]) -> list[Entry]:
        """Return the entries up to a gap: what is being written may be seen with one for a moment.

        One that stays is told, and passed.
        """
        due = self._next[chain]
        for at, entry in enumerate(page):
            if entry.seq == due + at:
                continue
            if at:
                return list(page[:at])
            since = self._gaps.setdefault(chain, time.monotonic())
            if time.monotonic() - since < self._gap_seconds:
                return []
            _log.error("entries of the ledger are missing", chain=chain, first=due, found=entry.seq)
            self._next[chain] = entry.seq
            return self._in_order(chain, page)
        self._gaps.pop(chain, None)
        return list(page)
