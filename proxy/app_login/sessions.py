"""Sessions of programs that sign in by themselves: begun by a person, renewed by the program."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from app.domain.issued import EndReason, Issued, IssuedKind, Scope, Secret
from app.errors import CredentialEnded, NotAuthenticated
from app.ids import new_id

if TYPE_CHECKING:
    from app.clock import Clock
    from proxy.app_login.tokens import Chain
    from proxy.keys.parts import IssuedParts
    from proxy.keys.sign_ins import Offered

SESSION_LASTS = timedelta(days=30)
REPLY_LOST = timedelta(minutes=2)
"""How long a token that was exchanged may be sent once more, for the same answer."""
_NOT_RENEWED = "Your identity provider does not renew this sign-in. Start again in your terminal."
_KEPT = 3
"""How many former access tokens go on to their own end: requests with them are under way."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AppTokens:
    access: str = field(repr=False)
    renewal: str = field(repr=False)
    expires_in: int
    """Seconds."""


class Sessions:
    """Every method may raise StorageUnavailable."""

    def __init__(
        self,
        issued: IssuedParts,
        chain: Chain,
        clock: Clock,
        access_lasts: timedelta,
    ) -> None:
        self._store = issued.store
        self._secrets = issued.secrets
        self._sign_ins = issued.sign_ins
        self._credentials = issued.credentials
        self._register = issued.register
        self._chain = chain
        self._clock = clock
        self._access_lasts = access_lasts

    async def begin(self, offered: Offered, name: str, scope: Scope, address: str) -> Issued:
        """Return a new session, which has no tokens yet.

        Raises NotPermitted where the sign-in cannot be renewed, IssuerUnavailable.
        """
        renewed = await self._sign_ins.take_over(offered, _NOT_RENEWED)
        now = self._clock.now()
        issued_id = new_id(now)
        issued = Issued(
            id=issued_id,
            kind=IssuedKind.SESSION,
            name=name,
            identity=renewed.identity,
            secrets=(),
            created_at=now,
            expires_at=now + SESSION_LASTS,
            groups_read_at=now,
            sealed_refresh=self._secrets.seal(issued_id, renewed.refresh_token),
            client_id=offered.client_id,
            scope=scope,
            address=address,
        )
        await self._register.enter(issued)
        return issued

    async def drop(self, issued: Issued) -> None:
        """End a session that nobody can use."""
        await self._register.end(issued, EndReason.REVOKED, issued.identity.key)

    async def first(self, issued_id: str, device_code: str, address: str) -> AppTokens:
        """Return the first tokens of a session. Raises CredentialEnded, IssuerUnavailable."""
        issued = await self._store.get(issued_id)
        if issued is None:
            raise NotAuthenticated("There is no such session.")
        return await self._exchange(issued, device_code, "", address)

    async def renew(self, refresh_token: str, address: str) -> AppTokens:
        """Return the next tokens of a session.

        Raises NotAuthenticated where it is no refresh token, CredentialEnded where its session is
        over or the token was used before, IssuerUnavailable.
        """
        digest = self._secrets.digest(refresh_token)
        issued = await self._store.by_digest(digest)
        if issued is None or issued.kind is not IssuedKind.SESSION:
            raise NotAuthenticated("No session has this refresh token.")
        return await self._exchange(issued, refresh_token, digest, address)

    async def _exchange(self, found: Issued, given: str, current: str, address: str) -> AppTokens:
        """Return what follows `given`, where that is the session's `current` digest."""
        issued = await self._credentials.current(found)
        pair, now = self._chain.after(given), self._clock.now()
        access, renewal = self._secrets.digest(pair.access), self._secrets.digest(pair.renewal)
        if issued.renewal == current:
            until = min(now + self._access_lasts, issued.expires_at)
            former = [secret for secret in issued.secrets if secret.until > now][-_KEPT:]
            fresh = (*former, Secret(access, until))
            if await self._store.renew(issued, fresh, renewal, address):
                return _tokens(pair.access, pair.renewal, until - now)
            issued = await self._credentials.current(issued)
        last = issued.secrets[-1] if issued.secrets else None
        if issued.renewal == renewal and last is not None and last.digest == access:
            renewed_at = last.until - self._access_lasts
            if now - renewed_at <= REPLY_LOST:
                return _tokens(pair.access, pair.renewal, last.until - now)
        await self._used_again(issued, address)
        raise CredentialEnded("This refresh token was used before.")

    async def _used_again(self, issued: Issued, address: str) -> None:
        """End a session of which an old token comes from another machine: it may be stolen.

        On the same machine, it is a second window that slept while the first one renewed the
        session. It is refused and finds the newer tokens in its file.
        """
        elsewhere = address != issued.address
        _log.warning("old refresh token", credential=issued.id, elsewhere=elsewhere)
        if elsewhere:
            await self._register.end(issued, EndReason.REUSED)


def _tokens(access: str, renewal: str, lasts: timedelta) -> AppTokens:
    return AppTokens(access, renewal, max(1, int(lasts.total_seconds())))
