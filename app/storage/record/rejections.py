"""Requests that were refused before they had a session, for some weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.ids import first_id
from app.storage.documents import between, to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.domain.record.rejection import Rejection
    from app.storage.documents import Document
    from app.storage.mongo import Collection


class RejectionStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def put(self, rejections: Sequence[Rejection]) -> None: ...

    async def since(
        self, since: datetime, *, address: str = "", status: int = 0, limit: int
    ) -> tuple[Rejection, ...]:
        """Return the newest first; an empty address or status is any."""
        ...


@repeating
class MongoRejections:
    """A RejectionStore."""

    def __init__(self, rejections: Collection[Rejection]) -> None:
        self._rejections = rejections

    async def prepare(self) -> None:
        await self._rejections.prepare(
            Index(("until",), expires=True), Index(("address", "-_id")), Index(("status", "-_id"))
        )

    async def put(self, rejections: Sequence[Rejection]) -> None:
        await self._rejections.insert(*(to_document(rejection) for rejection in rejections))

    async def since(
        self, since: datetime, *, address: str = "", status: int = 0, limit: int
    ) -> tuple[Rejection, ...]:
        equal: Document = {"address": address, "status": status}
        wanted = {field: value for field, value in equal.items() if value}
        query = wanted | between(first_id(since), "")
        return await self._rejections.find(query, newest_first=True, limit=limit)
