"""The ledger: facts in a chain, each entry sealed by a hash over itself and the one before.

One chain for each process and boot, so that writers never race for a head. Its first entry has the
hash of the last one that the same writer wrote before. What concurrent requests append at the same
moment is written together (group commit): an append returns when its batch is durable.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from app.audit.seals import seal
from app.domain.event import Entry
from app.errors import AbeyanceError, StorageUnavailable
from app.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.event import Event
    from app.storage.ports import LedgerStore

_BATCH = 200
_Waiting: TypeAlias = "tuple[Event, asyncio.Future[None]]"


class ChainedLedger:
    """A Ledger; `run` must be a task of the process, or every append waits for ever."""

    def __init__(self, store: LedgerStore, writer: str) -> None:
        self._store = store
        self._writer = writer
        self._chain = ""
        self._seq = 0
        self._head = ""
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._over = False

    async def append(self, event: Event) -> None:
        """Return when the event is durable. Raises StorageUnavailable when it is not."""
        if self._over:
            raise _stopped()
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((event, written))
        await written

    async def run(self) -> None:
        batch: list[_Waiting] = []
        try:
            while True:
                batch = [await self._waiting.get()]
                while not self._waiting.empty() and len(batch) < _BATCH:
                    batch.append(self._waiting.get_nowait())
                await self._write(batch)
        finally:
            self._close(batch)

    def _close(self, batch: list[_Waiting]) -> None:
        """Whoever still waits would wait for ever, and keep the process from ending."""
        self._over = True
        while not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        for _, written in batch:
            if not written.done():
                written.set_exception(_stopped())

    async def _write(self, batch: list[_Waiting]) -> None:
        error: AbeyanceError | None = None
        try:
            if not self._chain:
                await self._begin(batch[0][0].at)
            entries = self._chained([event for event, _ in batch])
            await self._store.insert(entries)
        except StorageUnavailable as unavailable:
            error = unavailable
            self._restart()
        else:
            self._seq, self._head = entries[-1].seq + 1, entries[-1].hash
        for _, written in batch:
            if written.done():  # who asked has gone
                continue
            if error is None:
                written.set_result(None)
            else:
                written.set_exception(error)

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


def _stopped() -> StorageUnavailable:
    return StorageUnavailable("The ledger is closed: this process is stopping.")
