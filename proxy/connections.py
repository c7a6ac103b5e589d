"""Connections with their credentials opened, for as long as a request needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import NotFound

if TYPE_CHECKING:
    from app.domain.connection import Connection
    from app.storage.ports import ConnectionStore
    from app.vault import Vault


class Connections:
    def __init__(self, store: ConnectionStore, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def find(self, name: str) -> Connection:
        """Return a registered connection. Raises NotFound."""
        connection = await self._store.get(name)
        if connection is None:
            # The name is not quoted: who puts a key into the path must not find it in our log.
            raise NotFound(
                "The path doesn't begin with a registered connection. It has to be "
                "/{connection}/{path of the API}; an administrator adds a connection with "
                "`abeyance connection add`."
            )
        return connection

    async def usable(self) -> tuple[Connection, ...]:
        """Return all connections, in the order of their names."""
        return tuple(sorted(await self._store.all(), key=lambda known: known.name))

    def credential(self, connection: Connection) -> str:
        return self._vault.open(connection.name, connection.sealed_credential)
