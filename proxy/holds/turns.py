"""One at a time for each person, over all gateways: so that two requests never ask the same twice.

What counts is that it is so in all ordinary cases, and that no one waits for long: a gateway that
died while it had somebody's turn loses it after five seconds.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from app.errors import StorageUnavailable
from proxy.work.at_once import AtOnce

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.lease import Lease
    from app.storage.leases import LeaseStore

_DEAD_SECONDS = 5.0
_LOOK_SECONDS = 0.02


class RequesterTurns:
    """`gateway` names this process among all."""

    def __init__(self, leases: LeaseStore, gateway: str) -> None:
        self._leases = leases
        self._gateway = gateway
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._at_once = AtOnce()

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """Have the turn of a person for the length of a block. Raises StorageUnavailable."""
        async with self._here.setdefault(name, asyncio.Lock()), self._at_once.turn():
            lease = await self._taken(f"asking:{name}")
            try:
                yield
            finally:
                with suppress(StorageUnavailable):
                    await self._leases.release(lease)

    async def _taken(self, name: str) -> Lease:
        loop = asyncio.get_running_loop()
        seen, since = None, loop.time()
        while True:
            lease = await self._leases.get(name)
            if lease != seen:
                seen, since = lease, loop.time()
            is_free = lease.owner in ("", self._gateway) or loop.time() - since >= _DEAD_SECONDS
            if is_free and (taken := await self._leases.take(lease, self._gateway)):
                return taken
            await asyncio.sleep(_LOOK_SECONDS)
