"""Signs of life of gateways, so that nobody waits for the end of what a dead one began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.storage.documents import to_document
from app.storage.driver import repeating

if TYPE_CHECKING:
    from app.storage.mongo import Collection


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`id` is of one process and one boot. `beat` counts signs of life, whatever the clocks say."""

    id: str
    beat: int = 0


class GatewayStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def beat(self, heartbeat: Heartbeat) -> None: ...

    async def all(self) -> tuple[Heartbeat, ...]: ...

    async def forget(self, gateway: str) -> None: ...


@repeating
class MongoGateways:
    """A GatewayStore."""

    def __init__(self, gateways: Collection[Heartbeat]) -> None:
        self._gateways = gateways

    async def beat(self, heartbeat: Heartbeat) -> None:
        await self._gateways.put(heartbeat.id, to_document(heartbeat))

    async def all(self) -> tuple[Heartbeat, ...]:
        return await self._gateways.find({})

    async def forget(self, gateway: str) -> None:
        await self._gateways.remove(gateway)
