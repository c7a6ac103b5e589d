"""A Slack account linked to whoever signs in here, by a code that Slack gave to its owner."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from app.domain.identity import IdentityKind
from app.errors import NotFound, NotPermitted

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.identity import Identity
    from app.storage.ports import LinkStore

_GONE = "This code is used up or too old. Click in Slack again to get another one."


class Linking:
    def __init__(self, links: LinkStore, clock: Clock) -> None:
        self._links = links
        self._clock = clock

    async def account(self, code: str, identity: Identity) -> str:
        """Name the Slack account that a code would link, for its owner to recognise.

        Raises NotPermitted for who is no person, NotFound where there is no such offer.
        """
        _check(identity)
        found = await self._links.by_code(_digest(code), self._clock.now())
        if found is None:
            raise NotFound(_GONE)
        return f"{found.label} ({found.id.rpartition('/')[2]})"

    async def take(self, code: str, identity: Identity) -> str:
        """Link the account of the code to the identity, once. Raises as `account` does."""
        named = await self.account(code, identity)
        if not await self._links.take(_digest(code), identity.key, self._clock.now()):
            raise NotFound(_GONE)
        return named


def _check(identity: Identity) -> None:
    if identity.kind is not IdentityKind.PERSON:
        raise NotPermitted("Only a person has a Slack account to link; this token is of a job.")


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
