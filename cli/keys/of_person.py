"""Ends all credentials of a person, on the server: where somebody is to be out at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.clock import SystemClock
from app.domain.issued import EndReason
from app.errors import NotFound
from cli.storing import record, who, with_storage
from proxy.keys.register import Register

if TYPE_CHECKING:
    from app.domain.event import Event
    from app.storage.store import MongoStorage


class _Recording:
    """A Ledger of a command."""

    def __init__(self, storage: MongoStorage) -> None:
        self._storage = storage

    async def append(self, event: Event) -> None:
        await record(self._storage, event)


def revoke_all(email: str) -> int:
    """End all live keys and sessions of a person; return how many. Raises NotFound."""
    ended = 0

    async def end(storage: MongoStorage) -> None:
        nonlocal ended
        clock = SystemClock()
        register = Register(storage.issued, _Recording(storage), clock)
        found = await storage.issued.of_email(email.lower())
        if not found:
            raise NotFound(f"No key or session belongs to {email}.")
        for issued in found:
            if issued.live(clock.now()):
                ended += await register.end(issued, EndReason.REVOKED_BY_OPERATOR, who())

    with_storage(end)
    return ended
