"""The ledger: facts in a chain, each entry sealed by a hash over itself and the one before.

One chain for each process and boot, so that writers never race for a head. Its first entry has the
hash of the last one that the same writer wrote before. What concurrent requests append at the same
moment is written together (group commit), with the writes of other collections that belong to it:
a commit returns when its batch is durable.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from app.audit.seals import seal
from app.domain.event import Entry, Event
from app.errors import StorageUnavailable, Unstorable
from app.ids import new_id
from app.storage.bulk import Write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.storage.bulk import Fault
    from app.storage.ports import LedgerStore

_BATCH = 200
_DOUBTFUL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Commit:
    events: tuple[Event, ...]
    writes: tuple[Write, ...]
    written: asyncio.Future[None]


class ChainedLedger:
    """A Journal; `run` must be a task of the process, or every append waits for ever."""

    def __init__(self, store: LedgerStore, writer: str) -> None:
        self._store = store
        self._writer = writer
        self._chain = ""
        self._seq = 0
        self._head = ""
        self._waiting: asyncio.Queue[_Commit] = asyncio.Queue()
        self._over = False
        self._failed = False
        self._asked_at: float | None = None
        """Since when a batch is unanswered."""

    @property
    def doubtful(self) -> bool:
        """Whether what was written last failed, or is unanswered for a while."""
        late = self._asked_at is not None and time.monotonic() - self._asked_at > _DOUBTFUL_SECONDS
        return self._failed or late

    async def append(self, event: Event) -> None:
        """Return when the event is durable. Raises StorageUnavailable when it is not."""
        await self.commit((event,))

    async def commit(self, events: Sequence[Event], writes: Sequence[Write] = ()) -> None:
        """Return when events and what is written with them are durable.

        Raises StorageUnavailable when they are not; Unstorable where that is known of a write
        alone, and all else is durable.
        """
        if self._over:
            raise _stopped()
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(_Commit(tuple(events), tuple(writes), written))
        await written

    async def run(self) -> None:
        batch: list[_Commit] = []
        try:
            while True:
                batch = [await self._waiting.get()]
                while not self._waiting.empty() and len(batch) < _BATCH:
                    batch.append(self._waiting.get_nowait())
                await self._write(batch)
        finally:
            self._close(batch)

    def _close(self, batch: list[_Commit]) -> None:
        """Whoever still waits would wait for ever, and keep the process from ending."""
        self._over = True
        while not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        for commit in batch:
            if not commit.written.done():
                commit.written.set_exception(_stopped())

    async def _write(self, batch: list[_Commit]) -> None:
        self._asked_at = time.monotonic()
        faults: list[Fault]
        try:
            faults = _worst(batch, await self._insert(batch))
        except StorageUnavailable as unavailable:
            self._restart()
            faults = [unavailable for _ in batch]
        self._asked_at = None
        self._failed = any(fault and not isinstance(fault, Unstorable) for fault in faults)
        for commit, fault in zip(batch, faults, strict=True):
            if commit.written.done():  # who asked has gone
                continue
            if fault is None:
                commit.written.set_result(None)
            else:
                commit.written.set_exception(fault)

    async def _insert(self, batch: list[_Commit]) -> Sequence[Fault]:
        """Write a batch; return what became of the writes in it."""
        events = [event for commit in batch for event in commit.events]
        if events and not self._chain:
            await self._begin(events[0].at)
        entries = self._chained(events)
        writes = [write for commit in batch for write in commit.writes]
        faults = await self._store.insert(entries, writes)
        if entries:
            self._seq, self._head = entries[-1].seq + 1, entries[-1].hash
        return faults

    def _chained(self, events: list[Event]) -> list[Entry]:
        entries = []
        previous = self._head
        for seq, event in enumerate(events, start=self._seq):
            unsealed = Entry(self._chain, seq, event, previous, hash="")
            entries.append(replace(unsealed, hash=seal(unsealed)))
            previous = entries[-1].hash
        return entries

    async def _begin(self, now: datetime) -> None:
        """Begin a chain, with the last entry that the writer is known to have written before it."""
        self._head = self._head or await self._store.tip(self._writer)
        self._chain, self._seq = f"{self._writer}/{new_id(now)}", 0

    def _restart(self) -> None:
        """Leave a chain whose end is not known: part of a failed batch may have been written."""
        self._chain = ""


def _worst(batch: list[_Commit], faults: Sequence[Fault]) -> list[Fault]:
    """Return for each commit why it failed: rather what may be tried again than what may not."""
    of_all = iter(faults)
    found: list[Fault] = []
    for commit in batch:
        of_one = [fault for fault in islice(of_all, len(commit.writes)) if fault is not None]
        of_one.sort(key=lambda fault: isinstance(fault, Unstorable))
        found.append(of_one[0] if of_one else None)
    return found


def _stopped() -> StorageUnavailable:
    return StorageUnavailable("The ledger is closed: this process is stopping.")
