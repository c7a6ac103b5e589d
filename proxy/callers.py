"""A token to the identity behind it, remembered for those who later decide about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from proxy.front import Headers, caller_token
from proxy.oidc.identity import identity_of

if TYPE_CHECKING:
    from datetime import datetime

    from app.clock import Clock
    from app.domain.identity import Identity
    from app.storage.ports import PeopleStore
    from proxy.oidc.verify import Verifier

_SAY_AGAIN = timedelta(minutes=5)
_REMEMBERED = 10_000


class Callers:
    def __init__(self, verifier: Verifier, people: PeopleStore, clock: Clock) -> None:
        self._verifier = verifier
        self._people = people
        self._clock = clock
        self._said: dict[Identity, datetime] = {}

    async def identify(self, headers: Headers) -> Identity:
        """Return who asks. Raises NotAuthenticated, BadRequest, IssuerUnavailable."""
        identity = identity_of(await self._verifier.verify(caller_token(headers)))
        await self._remember(identity)
        return identity

    async def _remember(self, identity: Identity) -> None:
        """Write who it is, so that the bot can tell a requester from an approver."""
        now = self._clock.now()
        said = self._said.get(identity)
        if said is not None and now - said < _SAY_AGAIN:
            return
        await self._people.saw(identity, now)
        if len(self._said) >= _REMEMBERED:
            self._said.clear()
        self._said[identity] = now
