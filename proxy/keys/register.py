"""The beginning and the end of credentials, in the ledger before they count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.errors import StorageUnavailable

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.issued import EndReason, Issued
    from app.storage.credentials.issued import IssuedStore
    from app.storage.ports import Ledger


class Register:
    def __init__(self, store: IssuedStore, ledger: Ledger, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock

    async def enter(self, issued: Issued) -> None:
        """Have a credential work, once that is in the ledger. Raises StorageUnavailable."""
        data = facts_of(issued)
        await self._ledger.append(Event(EventKind.CREDENTIAL_ISSUED, issued.created_at, "", data))
        await self._store.put(issued)

    async def end(self, issued: Issued, why: EndReason, by: str = "") -> bool:
        """End a credential; False where it had ended before. `by` names who did it.

        It ends though nobody can write that down: a right must not live on for that. Raises
        StorageUnavailable, after it has ended where it could.
        """
        now = self._clock.now()
        data = facts_of(issued) | {"why": why.value, "by": by}
        unwritten: StorageUnavailable | None = None
        try:
            await self._ledger.append(Event(EventKind.CREDENTIAL_ENDED, now, "", data))
        except StorageUnavailable as error:
            unwritten = error
        ended = await self._store.end(issued.id, why, now)
        if unwritten is not None:
            raise unwritten
        return ended


def facts_of(issued: Issued) -> dict[str, str | int]:
    """Return what the ledger tells of a credential."""
    return {
        "credential": issued.id,
        "kind": issued.kind.value,
        "name": issued.name,
        "identity": issued.identity.key,
        "connections": " ".join(issued.scope.connections),
        "models": " ".join(issued.scope.models),
        "until": issued.expires_at.isoformat(),
    }
