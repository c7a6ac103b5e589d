"""Which gateways live, so that nobody waits for the end of what a dead one began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from app.storage.documents import to_document

if TYPE_CHECKING:
    from app.storage.mongo import Collection


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`id` is of one process and one boot."""

    id: str
    seen_at: datetime


class GatewayStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def beat(self, gateway: str, now: datetime) -> None: ...

    async def seen_since(self, moment: datetime) -> frozenset[str]: ...

    async def forget(self, gateway: str) -> None: ...


class MongoGateways:
    """A GatewayStore."""

    def __init__(self, gateways: Collection[Heartbeat]) -> None:
        self._gateways = gateways

    async def beat(self, gateway: str, now: datetime) -> None:
        await self._gateways.put(gateway, to_document(Heartbeat(gateway, now)))

    async def seen_since(self, moment: datetime) -> frozenset[str]:
        seen = await self._gateways.find({"seen_at": {"$gte": moment}})
        return frozenset(heartbeat.id for heartbeat in seen)

    async def forget(self, gateway: str) -> None:
        await self._gateways.remove(gateway)
