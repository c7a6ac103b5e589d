"""The body of an answer on its way into the record: in batches, each written as it was tried."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from app.domain.record.session import Chunk
from app.errors import StorageUnavailable, Unstorable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.clock import Clock
    from app.domain.record.session import Session
    from app.sealing.data_key import DataKey
    from app.storage.bulk import Write
    from app.storage.ports import Journal
    from app.storage.record.session_store import SessionStore

_BATCH_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024
_LATE_MS = 500
"""How long a piece may be with the client and not be written, while others follow it."""
_log = structlog.get_logger(__name__)


class Chunks:
    """What was sent of one answer, and what was withheld.

    Small pieces go to the client while they wait to be written; once they fill a batch, wait for
    half a second, or could not be written, nothing goes before they are. So a crash loses at most
    the last half second of what went out. A piece as large as a batch is written first, and every
    piece while it is doubtful that the storage answers.
    """

    def __init__(
        self,
        session: Session,
        sessions: SessionStore,
        ledger: Journal,
        clock: Clock,
        key: DataKey,
    ) -> None:
        self.head: Write | None = None
        """What is said of the answer itself, written with the first batch of it."""
        self._session = session
        self._sessions = sessions
        self._ledger = ledger
        self._clock = clock
        self._key = key
        self._waiting: list[Chunk] = []
        self._waiting_bytes = 0
        self._batches: list[list[Chunk]] = []
        """What was not written yet, grouped as it was tried: so that a try may be repeated."""
        self._doubtful: list[list[Chunk]] = []
        """What was not sent because writing it failed, though it may have been written."""
        self._seq = 0
        self._digest = hashlib.sha256()
        self._writing = asyncio.Lock()
        self.bytes_kept = 0

    @property
    def sha256(self) -> str:
        """Return the digest of all that was sent, in hex."""
        return self._digest.hexdigest()

    @property
    def unwritten(self) -> bool:
        return bool(self._waiting or self._batches or self._doubtful)

    async def sent(self, data: bytes, *, at_once: bool = False) -> None:
        """Record what goes to the client, before it goes; `at_once`: write it, too.

        Raises StorageUnavailable; then it must not go, and is no part of the record.
        """
        at_once = at_once or self._ledger.doubtful
        await self._keep(data, withheld=False, at_once=at_once)
        self._digest.update(data)

    async def withheld(self, data: bytes) -> None:
        """Record what would have gone to the client, had no rule forbidden it."""
        await self._keep(data, withheld=True, at_once=False)

    def told(self, data: bytes) -> None:
        """Record words of ours that end an answer: they go, whether they can be written or not."""
        self._waiting += self._cut(data, self._offset_ms(), withheld=False)
        self._waiting_bytes += len(data)
        self._digest.update(data)

    async def _keep(self, data: bytes, *, withheld: bool, at_once: bool) -> None:
        offset_ms = self._offset_ms()
        full = self._waiting_bytes + len(data) >= _BATCH_BYTES
        if at_once or full or self._is_late(offset_ms):
            await self.flush()
            offset_ms = self._offset_ms()
        chunks = self._cut(data, offset_ms, withheld=withheld)
        if not at_once and len(data) < _BATCH_BYTES:
            self._waiting += chunks
            self._waiting_bytes += len(data)
            return
        try:
            await self._write(self._sessions.appending(self._session.id, chunks, self._key))
        except StorageUnavailable:
            self._doubtful.append(chunks)
            self._waiting_bytes = _BATCH_BYTES
            raise

    def _is_late(self, offset_ms: int) -> bool:
        """Whether the oldest piece that is not written has waited for too long by then."""
        oldest = self._batches[0] if self._batches else self._waiting
        return bool(oldest) and offset_ms - oldest[0].offset_ms >= _LATE_MS

    def _offset_ms(self) -> int:
        """Return how long the session has lasted."""
        lasted = self._clock.now() - self._session.started_at
        return int(lasted.total_seconds() * 1000)

    def _cut(self, data: bytes, offset_ms: int, *, withheld: bool) -> list[Chunk]:
        starts = range(0, len(data), _CHUNK_BYTES)
        first, self._seq = self._seq, self._seq + len(starts)
        self.bytes_kept += len(data)
        return [
            Chunk(seq, offset_ms, data[start : start + _CHUNK_BYTES], withheld)
            for seq, start in enumerate(starts, first)
        ]

    async def confirm(self) -> None:
        """Write what waits, where it is doubtful that it will be. Raises StorageUnavailable."""
        if self._ledger.doubtful or self._batches or self._doubtful:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits. What could not be written waits on. Raises StorageUnavailable."""
        async with self.pending() as writes:
            if writes:
                await self._write(writes)
        while self._doubtful:
            await self._sessions.retract(self._session.id, self._doubtful[0])
            self._doubtful.pop(0)

    @asynccontextmanager
    async def pending(self) -> AsyncIterator[list[Write]]:
        """Yield the writes of what waits: for a block that writes them, or raises.

        What no storage takes, however often it is tried, is given up: the rest must not wait.
        """
        async with self._writing:
            if self._waiting:
                self._batches.append(self._waiting)
            self._waiting, self._waiting_bytes = [], 0
            tried = list(self._batches)
            try:
                yield [
                    write
                    for batch in tried
                    for write in self._sessions.appending(self._session.id, batch, self._key)
                ]
            except Unstorable as fault:
                _log.error("not recorded", session=self._session.id, reason=str(fault))
            except BaseException:
                # So that the next piece finds out for itself, and is not sent.
                self._waiting_bytes = _BATCH_BYTES
                raise
            del self._batches[: len(tried)]

    async def _write(self, writes: list[Write]) -> None:
        head = self.head
        await self._ledger.commit((), [head, *writes] if head else writes)
        self.head = None
