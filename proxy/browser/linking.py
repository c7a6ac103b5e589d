"""A Slack account linked to whoever signs in here, by a code that Slack gave to its owner."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.domain.identity import IdentityKind
from app.errors import NotFound, NotPermitted

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.identity import Identity
    from app.storage.links import Link, LinkStore
    from app.storage.ports import Ledger

_GONE = "This code is used up or too old. Click in Slack again to get another one."


class Linking:
    """Every method raises NotFound where there is no such offer, or StorageUnavailable."""

    def __init__(self, links: LinkStore, ledger: Ledger, clock: Clock) -> None:
        self._links = links
        self._ledger = ledger
        self._clock = clock

    async def offered(self, code: str) -> str:
        """Name the Slack account that a code would link, for its owner to recognise."""
        return _named(await self._find(code))

    async def account(self, code: str, identity: Identity) -> str:
        """Name it to who has signed in. Raises NotPermitted for who is no person."""
        _check(identity)
        return await self.offered(code)

    async def take(self, code: str, identity: Identity) -> str:
        """Link the account of the code to the identity, once. Raises as `account` does."""
        _check(identity)
        found = await self._find(code)
        await self._note(EventKind.ACCOUNT_LINKED, found, identity)
        if not await self._links.take(found.code, identity.key, self._clock.now()):
            raise NotFound(_GONE)
        return _named(found)

    async def disown(self, code: str, identity: Identity) -> str:
        """End an offer of which whoever signed in says that it is not theirs."""
        found = await self._find(code)
        await self._note(EventKind.ACCOUNT_DISOWNED, found, identity)
        await self._links.withdraw(found.code, self._clock.now())
        return _named(found)

    async def _find(self, code: str) -> Link:
        found = await self._links.by_code(_digest(code), self._clock.now())
        if found is None:
            raise NotFound(_GONE)
        return found

    async def _note(self, kind: EventKind, link: Link, identity: Identity) -> None:
        data = {"account": link.id, "name": link.label, "identity": identity.key}
        await self._ledger.append(Event(kind, self._clock.now(), "", data))


def _named(link: Link) -> str:
    return f"{link.label} ({link.id.rpartition('/')[2]})"


def _check(identity: Identity) -> None:
    if identity.kind is not IdentityKind.PERSON:
        raise NotPermitted("Only a person has a Slack account to link; this token is of a job.")


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode(errors="replace")).hexdigest()
