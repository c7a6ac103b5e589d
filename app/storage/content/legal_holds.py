"""Legal holds: what is not to be purged. There are few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.storage.documents import to_document
from app.storage.driver import repeating

if TYPE_CHECKING:
    from app.domain.record.legal_hold import LegalHold
    from app.storage.mongo import Collection


class LegalHoldStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def put(self, hold: LegalHold) -> None: ...

    async def remove(self, hold_id: str) -> None:
        """Forget it; harmless where it is not there."""
        ...

    async def all(self) -> tuple[LegalHold, ...]: ...


@repeating
class MongoLegalHolds:
    """A LegalHoldStore."""

    def __init__(self, holds: Collection[LegalHold]) -> None:
        self._holds = holds

    async def put(self, hold: LegalHold) -> None:
        await self._holds.put(hold.id, to_document(hold))

    async def remove(self, hold_id: str) -> None:
        await self._holds.remove(hold_id)

    async def all(self) -> tuple[LegalHold, ...]:
        return await self._holds.find({})
