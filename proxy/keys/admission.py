"""Who a request is from: a person or a job by a token, or a person by a credential of ours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.identity import Identity
from app.domain.issued import Scope
from proxy.http.tokens import caller_token
from proxy.keys.minting import is_issued

if TYPE_CHECKING:
    from proxy.callers import Callers
    from proxy.front import Headers
    from proxy.keys.credentials import Credentials

_ANYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Caller:
    identity: Identity
    scope: Scope = _ANYTHING


class Admission:
    def __init__(self, callers: Callers, credentials: Credentials) -> None:
        self._callers = callers
        self._credentials = credentials

    async def caller(self, headers: Headers, query: str = "") -> Caller:
        """Return who asks. Raises as `Callers.identify`, and CredentialEnded."""
        token = caller_token(headers, query)
        if not is_issued(token):
            return Caller(await self._callers.of_token(token))
        issued = await self._credentials.find(token)
        await self._callers.remember(issued.identity)
        return Caller(replace(issued.identity, credential=issued.id), issued.scope)

    async def check(self, identity: Identity) -> None:
        """Raise CredentialEnded where a request has waited, and its key has ended meanwhile."""
        if identity.credential:
            await self._credentials.check(identity.credential)
