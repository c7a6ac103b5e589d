"""Stores each catalog that comes into force, so that its decisions can be recomputed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from app.domain.event import Event, EventKind
from app.domain.record.stored_catalog import StoredCatalog
from app.errors import StorageUnavailable
from app.logs import Seldom

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.storage.ports import Ledger
    from app.storage.record.catalogs import CatalogStore
    from policies.compiled_catalog import Catalog

_LOOK_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class CatalogArchive:
    """`run` must be a task of the process. Each process names a catalog once in the ledger."""

    def __init__(
        self, store: CatalogStore, ledger: Ledger, clock: Clock, current: Callable[[], Catalog]
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._current = current
        self._kept: set[str] = set()
        self._warning = Seldom()

    async def run(self) -> None:
        while True:
            try:
                await self.keep()
            except StorageUnavailable as unavailable:
                if self._warning.due():
                    _log.warning("catalog not stored yet", reason=str(unavailable))
            await asyncio.sleep(_LOOK_SECONDS)

    async def keep(self) -> None:
        """Store the catalog in force, unless that was done. Raises StorageUnavailable."""
        catalog, now = self._current(), self._clock.now()
        if catalog.revision in self._kept:
            return
        stored = StoredCatalog(catalog.revision, tuple(sorted(catalog.sources.items())), now)
        await self._store.put(stored)
        data: dict[str, str | int] = {"catalog": catalog.revision, "digest": stored.digest}
        await self._ledger.append(Event(EventKind.CATALOG_STORED, now, "", data))
        self._kept.add(catalog.revision)
