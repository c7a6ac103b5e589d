"""Signs what is new in the ledger, again and again, and anchors what was signed."""

from __future__ import annotations

import asyncio
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
        self._newest = ""
        self._anchored: dict[Anchor, str] = {}
        self._warning = Seldom()

    async def run(self) -> None:
        while True:
            try:
                full = await self.sign() >= self._settings.notary_entries
            except StorageUnavailable as unavailable:
                full = False
                if self._warning.due():
                    _log.warning("nothing signed", reason=str(unavailable))
            if not full:
                await asyncio.sleep(self._settings.notary_seconds)

    async def run_anchors(self) -> None:
        while True:
            await asyncio.sleep(self._settings.notary_anchor_seconds)
            await self.anchor()

    async def sign(self) -> int:
        """Sign a head over what is new, if anything is; return how much.

        Raises StorageUnavailable, and OSError where the folder cannot be written.
        """
        leaves = await self._collector.collect(self._settings.notary_entries)
        for leaf in leaves:
            self._book.tree.append(leaf)
        if leaves:
            at = self._clock.now()
            self._newest = self._book.sign(at)
            _log.info("signed", entries=self._book.size, new=len(leaves))
            await self._keep(self._each)
        return len(leaves)

    async def anchor(self) -> None:
        """Send the newest head to where only some go."""
        await self._keep(self._seldom)

    async def _keep(self, anchors: Sequence[Anchor]) -> None:
        newest, at = self._newest, self._clock.now()
        for anchor in anchors:
            if not newest or self._anchored.get(anchor) == newest:
                continue
            try:
                await anchor.keep(newest, at)
            except AnchorUnavailable as unavailable:
                if self._warning.due():
                    _log.error("a head was not anchored", reason=str(unavailable))
            else:
                self._anchored[anchor] = newest
