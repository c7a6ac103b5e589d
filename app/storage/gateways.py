"""Signs of life of gateways, so that nobody waits for the end of what a dead one began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from app.storage.documents import to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from datetime import datetime

    from app.storage.mongo import Collection

_KEPT = timedelta(days=1)
"""Far longer than a gateway can be silent and live, or than clocks differ by."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`id` is of one process and one boot. `beat` counts signs of life, whatever the clocks say."""

    id: str
    beat: int = 0


class GatewayStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def beat(self, heartbeat: Heartbeat, at: datetime) -> None:
        """Write a sign of life; `at` says when it may be forgotten, not whether it is alive."""
        ...

    async def all(self) -> tuple[Heartbeat, ...]: ...

    async def forget(self, gateway: str) -> None: ...


@repeating
class MongoGateways:
    """A GatewayStore."""

    def __init__(self, gateways: Collection[Heartbeat]) -> None:
        self._gateways = gateways

    async def prepare(self) -> None:
        await self._gateways.prepare(Index(("until",), expires=True))

    async def beat(self, heartbeat: Heartbeat, at: datetime) -> None:
        until = {"until": at + _KEPT}
        await self._gateways.put(heartbeat.id, to_document(heartbeat) | until)

    async def all(self) -> tuple[Heartbeat, ...]:
        return await self._gateways.find({})

    async def forget(self, gateway: str) -> None:
        await self._gateways.remove(gateway)
