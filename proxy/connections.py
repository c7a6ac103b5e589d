"""Connections with their credentials opened, for as long as a request needs them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from app.errors import NotFound

if TYPE_CHECKING:
    from app.domain.connection import Connection
    from app.storage.ports import ConnectionStore
    from app.vault import Vault


class Connections:
    """Read at most once in `fresh_seconds`, whatever number of requests ask."""

    def __init__(self, store: ConnectionStore, vault: Vault, fresh_seconds: float) -> None:
        """With 0 they are read for each request: what an administrator changes counts at once."""
        self._store = store
        self._vault = vault
        self._fresh_seconds = fresh_seconds
        self._known: dict[str, Connection] = {}
        self._stale_at = 0.0
        self._reading = asyncio.Lock()

    async def find(self, name: str) -> Connection:
        """Return a registered connection. Raises NotFound, StorageUnavailable."""
        connection = (await self._current()).get(name) if self._fresh_seconds else None
        if connection is None:
            # One that was just added is not among those read before.
            connection = await self._store.get(name)
        if connection is None:
            # The name is not quoted: who puts a key into the path must not find it in our log.
            raise NotFound(
                "The path doesn't begin with a registered connection. It has to be "
                "/{connection}/{path of the API}; an administrator adds a connection with "
                "`abeyance connection add`."
            )
        return connection

    async def _current(self) -> dict[str, Connection]:
        async with self._reading:
            began = time.monotonic()
            if began >= self._stale_at:
                self._known = {known.name: known for known in await self._store.all()}
                self._stale_at = began + self._fresh_seconds
            return self._known

    async def usable(self) -> tuple[Connection, ...]:
        """Return all connections, in the order of their names."""
        return tuple(sorted(await self._store.all(), key=lambda known: known.name))

    def credential(self, connection: Connection) -> str:
        return self._vault.open(connection.name, connection.sealed_credential)
