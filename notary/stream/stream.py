"""Delivers the ledger in order, at least once: the position moves when a sink has taken events.

There is one batch at a time, so a sink that is slow or away holds up the stream and nothing else:
what it has not taken stays in the ledger.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import structlog

from app.errors import StorageUnavailable
from app.logs import Seldom
from notary.stream.ocsf import event_of
from notary.stream.sinks import SinkUnavailable

if TYPE_CHECKING:
    from app.domain.event import Entry
    from app.storage.record.positions import PositionStore
    from app.stream_settings import StreamSettings
    from notary.stream.following import Follower
    from notary.stream.sinks import Sink

_FIRST_WAIT = 1.0
_LONGEST_WAIT = 60.0
_log = structlog.get_logger(__name__)


class Stream:
    """`run` must be a task of the process."""

    def __init__(
        self,
        follower: Follower,
        positions: PositionStore,
        sink: Sink,
        settings: StreamSettings,
        version: str,
    ) -> None:
        """`version` is that of the product."""
        self._follower = follower
        self._positions = positions
        self._sink = sink
        self._settings = settings
        self._version = version
        self._warning = Seldom()

    async def run(self) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                delivered = await self.deliver()
            except (SinkUnavailable, StorageUnavailable) as fault:
                if self._warning.due():
                    _log.error("nothing streamed", reason=str(fault))
                asked = fault.wait if isinstance(fault, SinkUnavailable) else None
                await asyncio.sleep(min(wait if asked is None else asked, _LONGEST_WAIT))
                wait = min(2 * wait, _LONGEST_WAIT)
                continue
            wait = _FIRST_WAIT
            if delivered < self._settings.stream_batch:
                await asyncio.sleep(self._settings.stream_seconds)

    async def deliver(self) -> int:
        """Deliver the next batch, and return how many events it had.

        Raises SinkUnavailable or StorageUnavailable; then the same events come again.
        """
        entries = await self._follower.read(self._settings.stream_batch)
        if not entries:
            return 0
        await self._sink.take([self._line(entry) for entry in entries])
        await self._positions.keep(self._settings.stream_name, self._follower.passed(entries))
        return len(entries)

    def _line(self, entry: Entry) -> bytes:
        event = event_of(entry, self._version)
        return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
