"""Signs what is new in the ledger, again and again, and anchors what was signed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from app.errors import StorageUnavailable
from app.logs import Seldom
from notary.anchors import AnchorUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.clock import Clock
    from app.notary_settings import NotarySettings
    from notary.anchors import Anchor
    from notary.book import OpenBook
    from notary.collecting import Collector

_LOOK_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class Notary:
    def __init__(
        self,
        book: OpenBook,
        collector: Collector,
        settings: NotarySettings,
        each: Sequence[Anchor],
        seldom: Sequence[Anchor],
        clock: Clock,
    ) -> None:
        """`each` are the anchors that take every head, `seldom` those that take one of many."""
        self._book = book
        self._collector = collector
        self._settings = settings
        self._each = each
        self._seldom = seldom
        self._clock = clock
        self._waiting: list[bytes] = []
        """New leaves that are not signed yet."""
        self._signed_at = time.monotonic()
        self._warning = Seldom()

    async def run(self) -> None:
        """Sign every so many seconds or entries, whatever comes first."""
        # The last head of before may not have been anchored.
        await self._keep(self._each)
        seconds = self._settings.notary_seconds
        while True:
            is_full = False
            try:
                is_full = await self._collect()
                if is_full or time.monotonic() - self._signed_at >= seconds:
                    await self._sign()
            except StorageUnavailable as unavailable:
                if self._warning.due():
                    _log.warning("nothing signed", reason=str(unavailable))
            if not is_full:
                await asyncio.sleep(min(seconds, _LOOK_SECONDS))

    async def run_anchors(self) -> None:
        while True:
            await self.anchor()
            await asyncio.sleep(self._settings.notary_anchor_seconds)

    async def sign(self) -> int:
        """Sign a head over what is new, if anything is; return how much.

        Raises StorageUnavailable, and OSError where the folder cannot be written.
        """
        await self._collect()
        return await self._sign()

    async def _collect(self) -> bool:
        """Take up what is new; return whether that is enough for a head."""
        most = self._settings.notary_entries
        if len(self._waiting) < most:
            self._waiting += await self._collector.collect(most)
        return len(self._waiting) >= most

    async def _sign(self) -> int:
        leaves, self._waiting = self._waiting, []
        self._signed_at = time.monotonic()
        for leaf in leaves:
            self._book.tree.append(leaf)
        if leaves:
            self._book.sign(self._clock.now())
            _log.info("signed", entries=self._book.size, new=len(leaves))
        await self._keep(self._each)
        return len(leaves)

    async def anchor(self) -> None:
        """Send the newest head to where only some go."""
        await self._keep(self._seldom)

    async def _keep(self, anchors: Sequence[Anchor]) -> None:
        newest, at = self._book.newest, self._clock.now()
        for anchor in anchors:
            kind = type(anchor).__name__
            if self._book.anchored(kind) == newest:
                continue
            try:
                await anchor.keep(newest, at)
            except AnchorUnavailable as unavailable:
                if self._warning.due():
                    _log.error("a head was not anchored", reason=str(unavailable))
            else:
                self._book.note_anchored(kind, newest)
