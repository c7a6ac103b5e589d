"""Reads the ledger in order, chain by chain, from where a stream has come.

Between chains there is no order: each event has its time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from notary.chains import Chains

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.domain.event import Entry
    from app.storage.ports import LedgerStore

_GAP_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class Follower:
    def __init__(
        self, ledger: LedgerStore, positions: Mapping[str, int], gap_seconds: float = _GAP_SECONDS
    ) -> None:
        """`positions` are the next numbers by chain, as they were kept."""
        self._ledger = ledger
        self._next = dict(positions)
        self._gap_seconds = gap_seconds
        self._chains = Chains(ledger, known=positions, busy=positions)
        self._gaps: dict[str, float] = {}
        """Since when the next entry of a chain is missing."""

    async def read(self, limit: int) -> list[Entry]:
        """Return the next entries, which come again until `passed` has been called.

        Raises StorageUnavailable.
        """
        found: list[Entry] = []
        for chain in await self._chains.due():
            next_ = self._next.setdefault(chain, 0)
            page = await self._ledger.chain(chain, next_, limit - len(found))
            found += self._in_order(chain, page)
            if page:
                self._chains.grew(chain)
            if len(found) >= limit:
                return found
        self._chains.all_read()
        return found

    def passed(self, entries: list[Entry]) -> dict[str, int]:
        """Go on after these; return the new positions of their chains."""
        ahead = {entry.chain: entry.seq + 1 for entry in entries}
        self._next |= ahead
        return ahead

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
