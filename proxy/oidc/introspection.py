"""Asking an issuer what an opaque token says (RFC 7662), where its settings say so."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import structlog
from authlib.integrations.httpx_client import AsyncOAuth2Client

from app.errors import IssuerUnavailable, NotAuthenticated
from proxy.oidc.client_secret import register_escaped_basic
from proxy.oidc.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.clock import Clock
    from app.settings import IssuerSettings

_SECONDS = 5.0
_KEPT_SECONDS = 60
"""How long an answer is believed: so long may a token be used that was revoked."""
_REMEMBERED = 10_000
_AT_ONCE = 8
_log = structlog.get_logger(__name__)


class Introspection:
    """Asks one issuer. Only what it calls active and somebody's access token for us is believed."""

    def __init__(self, issuer: IssuerSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        self.issuer = issuer
        self._http = http
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[int, Mapping[str, Any]]] = OrderedDict()
        # Whoever sends random keys must not have us flood the issuer.
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tls = httpx2.create_ssl_context(trust_env=False)

    async def claims(self, token: str) -> Mapping[str, Any]:
        """Return what the token says. Raises NotAuthenticated, IssuerUnavailable."""
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        until, kept = self._kept.get(digest, (0, {}))
        if self._now() < until:
            return kept
        async with self._room:
            claims = await self._ask(token)
        if not _is_access_token(claims, self.issuer, self._now()):
            raise NotAuthenticated("The issuer does not vouch for the token.")
        self._kept[digest] = (min(self._now() + _KEPT_SECONDS, int(claims["exp"])), claims)
        if len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)
        return claims

    async def _ask(self, token: str) -> dict[str, Any]:
        try:
            known = await discover(self.issuer.issuer, self._http)
            async with self._client() as client:
                answer = await client.introspect_token(
                    known["introspection_endpoint"],
                    token=token,
                    token_type_hint="access_token",  # noqa: S106
                )
            return dict(answer.raise_for_status().json())
        except (httpx.HTTPError, httpx2.HTTPError, ValueError, TypeError, LookupError) as error:
            _log.warning("not introspected", issuer=self.issuer.issuer, reason=repr(error))
            raise IssuerUnavailable(
                f"{self.issuer.issuer} does not say what your token is."
            ) from error

    def _client(self) -> AsyncOAuth2Client:
        client = AsyncOAuth2Client(
            client_id=self.issuer.introspection_client_id,
            client_secret=self.issuer.introspection_client_secret.get_secret_value(),
            verify=self._tls,
            trust_env=False,
            timeout=_SECONDS,
        )
        register_escaped_basic(client)
        return client

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _is_access_token(told: Mapping[str, Any], issuer: IssuerSettings, now: int) -> bool:
    """Whether it is active, for us, and no refresh token. What is left out counts against it."""
    expires_at, audience = told.get("exp"), told.get("aud")
    return (
        told.get("active") is True
        and told.get("iss", issuer.issuer) == issuer.issuer
        and issuer.audience in (audience if isinstance(audience, list) else [audience])
        and str(told.get("token_type", "")).lower() == "bearer"
        and isinstance(expires_at, int | float)
        and expires_at > now
        and bool(told.get("sub"))
    )
