"""What is new in the ledger, chain by chain; only what fits goes into the tree."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from app.audit.seals import leaf, seal
from app.logs import Seldom

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.domain.event import Entry
    from app.storage.ports import LedgerStore

_PAGE = 500
_ROUNDS_BETWEEN_SWEEPS = 60
_BUSY_SECONDS = 3600.0
# Far more than clocks differ by: a chain is found by the time of its first entry.
_OVERLAP = timedelta(days=1)
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Chain:
    """How far a chain is in the tree."""

    next: int = 0
    head: str = ""


class Collector:
    """Reads the chains in which something was written lately; all of them now and then."""

    def __init__(self, store: LedgerStore, known: Iterable[tuple[str, int, str]]) -> None:
        """`known` are chain, number and hash of all entries that are in the tree."""
        self._store = store
        self._chains: dict[str, _Chain] = {}
        for name, seq, hashed in known:
            self._chains[name] = _Chain(seq + 1, hashed)
        self._busy: dict[str, float] = {}
        """When something new was last found in a chain, by this process's clock."""
        self._suspects: dict[str, int] = {}
        """The number at which a chain did not fit, where that was seen once."""
        self._since: datetime | None = None
        self._rounds_to_sweep = 0
        self._warning = Seldom()

    async def collect(self, limit: int) -> list[bytes]:
        """Return new leaves for the tree, in the order of chains and numbers.

        At most about `limit`. Raises StorageUnavailable; then nothing was returned or noted.
        """
        await self._find_chains()
        now = time.monotonic()
        self._busy = {name: at for name, at in self._busy.items() if now - at < _BUSY_SECONDS}
        found: list[bytes] = []
        ahead: dict[str, _Chain] = {}
        for name in sorted(self._busy if self._rounds_to_sweep else self._chains):
            chain = ahead[name] = await self._read(name, self._chains[name], found, limit)
            if chain.next > self._chains[name].next:
                self._busy[name] = now
            if len(found) >= limit:
                break
        else:
            self._rounds_to_sweep = (self._rounds_to_sweep or _ROUNDS_BETWEEN_SWEEPS) - 1
        self._chains |= ahead
        return found

    async def _find_chains(self) -> None:
        firsts = await self._store.firsts(self._since)
        for first in firsts:
            if first.chain not in self._chains:
                self._chains[first.chain] = _Chain()
                self._busy[first.chain] = time.monotonic()
        if firsts:
            self._since = max(first.event.at for first in firsts) - _OVERLAP

    async def _read(self, name: str, chain: _Chain, found: list[bytes], limit: int) -> _Chain:
        after = _Chain(chain.next, chain.head)
        while len(found) < limit:
            page = await self._store.chain(name, after.next, _PAGE)
            for entry in page:
                if fault := _fault(entry, after):
                    self._tell(name, entry, fault)
                    return after
                found.append(leaf(entry.chain, entry.seq, entry.hash))
                after = _Chain(entry.seq + 1, entry.hash)
            if len(page) < _PAGE:
                break
        return after

    def _tell(self, name: str, entry: Entry, fault: str) -> None:
        # What is being written at this moment may be seen with a gap: not for longer.
        seen_before = self._suspects.get(name) == entry.seq
        self._suspects[name] = entry.seq
        if seen_before and self._warning.due():
            _log.error(
                "the ledger was tampered with: nothing more of this chain is signed",
                chain=name,
                number=entry.seq,
                reason=fault,
            )


def _fault(entry: Entry, chain: _Chain) -> str:
    """Return why an entry cannot follow what is in the tree; empty where it does."""
    if entry.seq != chain.next:
        return f"{chain.next} is missing"
    if entry.seq and entry.previous != chain.head:
        return "it does not follow the entry before it"
    return "" if seal(entry) == entry.hash else "it does not fit its seal"
