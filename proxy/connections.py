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
            raise NotFound(
                f"There is no connection “{name}”; an administrator adds it with "
                f"`abeyance connection add`."
            )
        return connection

    def credential(self, connection: Connection) -> str:
        return self._vault.open(connection.name, connection.sealed_credential)
