"""What approvers and auditors say of rules that fired: that they should not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.storage.documents import to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.record.mark import FalsePositive
    from app.storage.mongo import Collection


class FalsePositiveStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def mark(self, mark: FalsePositive) -> None: ...

    async def take_back(self, mark_id: str) -> None:
        """Forget it; harmless where it is not there."""
        ...

    async def of_session(self, session_id: str) -> tuple[FalsePositive, ...]: ...

    async def remove_of(self, session_id: str) -> None: ...

    async def since(self, moment: datetime) -> tuple[FalsePositive, ...]:
        """Return the marks on sessions that began then or later."""
        ...


@repeating
class MongoFalsePositives:
    """A FalsePositiveStore. One mark for each session and rule, whoever sets it."""

    def __init__(self, marks: Collection[FalsePositive]) -> None:
        self._marks = marks

    async def prepare(self) -> None:
        await self._marks.prepare(Index(("session_id",)), Index(("session_at",)))

    async def mark(self, mark: FalsePositive) -> None:
        await self._marks.put(mark.id, to_document(mark))

    async def take_back(self, mark_id: str) -> None:
        await self._marks.remove(mark_id)

    async def remove_of(self, session_id: str) -> None:
        await self._marks.remove_all({"session_id": session_id})

    async def of_session(self, session_id: str) -> tuple[FalsePositive, ...]:
        return await self._marks.find({"session_id": session_id})

    async def since(self, moment: datetime) -> tuple[FalsePositive, ...]:
        return await self._marks.find({"session_at": {"$gte": moment}})
