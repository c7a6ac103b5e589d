"""Leases: which process does what only one should do at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.domain.lease import Lease
from app.storage.documents import to_document
from app.storage.driver import Exists, repeating

if TYPE_CHECKING:
    from app.storage.mongo import Collection


class LeaseStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def get(self, name: str) -> Lease: ...

    async def take(self, seen: Lease, owner: str) -> Lease | None:
        """Take over a lease as it was seen; None where it changed meanwhile."""
        ...

    async def beat(self, lease: Lease) -> Lease | None:
        """Give a sign of life; None where somebody took it over."""
        ...

    async def release(self, lease: Lease) -> None: ...


@repeating
class MongoLeases:
    """A LeaseStore."""

    def __init__(self, leases: Collection[Lease]) -> None:
        self._leases = leases

    async def get(self, name: str) -> Lease:
        return await self._leases.one({"_id": name}) or Lease(name)

    async def take(self, seen: Lease, owner: str) -> Lease | None:
        taken = Lease(seen.id, owner, seen.beat + 1)
        if seen.beat == 0:
            try:
                await self._leases.insert(to_document(taken))
            except Exists:
                return None
            return taken
        if await self._replace(seen, taken) or await self.get(seen.id) == taken:
            return taken
        return None

    async def beat(self, lease: Lease) -> Lease | None:
        return await self.take(lease, lease.owner)

    async def release(self, lease: Lease) -> None:
        await self._replace(lease, Lease(lease.id, "", lease.beat + 1))

    async def _replace(self, seen: Lease, changed: Lease) -> bool:
        expected = {"_id": seen.id, "owner": seen.owner, "beat": seen.beat}
        return await self._leases.change(
            expected, {"$set": {"owner": changed.owner, "beat": changed.beat}}
        )
