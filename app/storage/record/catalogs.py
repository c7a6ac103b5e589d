"""Every catalog that was in force, by its revision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.storage.documents import to_document
from app.storage.driver import Exists, repeating

if TYPE_CHECKING:
    from app.domain.record.stored_catalog import StoredCatalog
    from app.storage.mongo import Collection


class CatalogStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def put(self, catalog: StoredCatalog) -> None:
        """Store a catalog; one that is there already is left as it is."""
        ...

    async def get(self, revision: str) -> StoredCatalog | None: ...


@repeating
class MongoCatalogs:
    """A CatalogStore."""

    def __init__(self, catalogs: Collection[StoredCatalog]) -> None:
        self._catalogs = catalogs

    async def put(self, catalog: StoredCatalog) -> None:
        if await self.get(catalog.id) is not None:
            return
        try:
            await self._catalogs.insert(to_document(catalog))
        except Exists:
            return

    async def get(self, revision: str) -> StoredCatalog | None:
        return await self._catalogs.one({"_id": revision})
