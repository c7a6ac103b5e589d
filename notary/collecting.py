"""What is new in the ledger, chain by chain; only what fits goes into the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from app.audit.seals import leaf, seal
from app.logs import Seldom
from notary.chains import Chains

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.event import Entry
    from app.storage.ports import LedgerStore

_PAGE = 500
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Chain:
    """How far a chain is in the tree."""

    next: int = 0
    head: str = ""


class Collector:
    """Reads what is new in the ledger."""

    def __init__(self, store: LedgerStore, known: Iterable[tuple[str, int, str]]) -> None:
        """`known` are chain, number and hash of all entries that are in the tree."""
        self._store = store
        self._read_to: dict[str, _Chain] = {}
        for name, seq, hashed in known:
            self._read_to[name] = _Chain(seq + 1, hashed)
        self._chains = Chains(store, self._read_to)
        self._suspects: dict[str, int] = {}
        """The number at which a chain did not fit, where that was seen once."""
        self._warning = Seldom()

    async def collect(self, limit: int) -> list[bytes]:
        """Return new leaves for the tree, in the order of chains and numbers.

        At most about `limit`. Raises StorageUnavailable; then nothing was returned or noted.
        """
        found: list[bytes] = []
        ahead: dict[str, _Chain] = {}
        for name in await self._chains.due():
            before = self._read_to.get(name, _Chain())
            ahead[name] = await self._read(name, before, found, limit)
            if ahead[name].next > before.next:
                self._chains.grew(name)
            if len(found) >= limit:
                break
        else:
            self._chains.all_read()
        self._read_to |= ahead
        return found

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
