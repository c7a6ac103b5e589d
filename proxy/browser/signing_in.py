"""Signing a person in through their browser: OIDC's code flow with PKCE, by Authlib's client.

Sources: OpenID Connect Core 1.0, sections 3.1 and 12; RFC 9700 (what a client must check).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import httpx2
import structlog
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from app.domain.identity import Identity
from app.errors import IssuerUnavailable, NotAuthenticated, NotPermitted
from proxy.browser.client import LATELY_SECONDS
from proxy.oidc.client_secret import register_escaped_basic
from proxy.oidc.discovery import discover
from proxy.oidc.identity import identity_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proxy.browser.client import IdpClient
    from proxy.callers import Callers
    from proxy.oidc.verify import TokenVerifier

_SCOPES = ("openid", "profile", "email", "groups")
_OFFLINE = "offline_access"
_RANDOM_CHARACTERS = 48
_SECONDS = 5.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and what must be remembered of it until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has signed in. The refresh token is empty where none was asked for or given."""

    identity: Identity
    refresh_token: str = field(default="", repr=False)
    signed_in_at: float | None = None
    """When they did, in Unix seconds, where the issuer says so: it may know them since long ago."""


class SignIn:
    """Keeps nothing between the two halves: another gateway may take the second."""

    def __init__(
        self, client: IdpClient, verifier: TokenVerifier, callers: Callers, http: httpx.AsyncClient
    ) -> None:
        self.client = client
        self._verifier = verifier
        self._callers = callers
        self._http = http
        self._tls = httpx2.create_ssl_context(trust_env=False)

    async def start(self, *, offline: bool = False) -> Started:
        """Make a sign-in; `offline` asks for a refresh token, and for the person themselves.

        Raises IssuerUnavailable.
        """
        known = await self._discover()
        state, nonce, verifier = (generate_token(_RANDOM_CHARACTERS) for _ in range(3))
        scopes = (*_SCOPES, _OFFLINE) if offline else _SCOPES
        lately = {"max_age": str(LATELY_SECONDS)} if offline else {}
        async with self._asking(known) as asking:
            url, _ = asking.create_authorization_url(
                known["authorization_endpoint"],
                scope=" ".join((_scope(known, scopes), *self.client.scopes)),
                state=state,
                nonce=nonce,
                code_verifier=verifier,
                **lately,
                **_target(self.client.audience),
            )
        return Started(url, state, nonce, verifier)

    async def finish(self, code: str, *, nonce: str, verifier: str) -> SignedIn:
        """Return who has signed in.

        Raises NotAuthenticated where there is no code, the issuer does not take it or its answer
        does not hold, NotPermitted for whom we may not take, IssuerUnavailable.
        """
        if not code:
            raise NotAuthenticated("The identity provider sends no code.")
        known = await self._discover()
        with self._answering():
            async with self._asking(known) as asking:
                tokens = await asking.fetch_token(
                    known["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                )
        signed_in = await self._verifier.verify_sign_in(
            str(tokens.get("id_token", "")),
            issuer=self.client.issuer,
            client_id=self.client.client_id,
            nonce=nonce,
        )
        identity = await self._caller(tokens)
        if identity is None:
            identity = await self._callers.vouched(identity_of(signed_in))
        at = signed_in.claims.get("auth_time")
        known_at = float(at) if isinstance(at, int | float) else None
        return SignedIn(identity, str(tokens.get("refresh_token") or ""), known_at)

    async def renew(self, refresh_token: str) -> SignedIn:
        """Return who a refresh token is of, as the issuer knows them now, and the next token.

        The old one may be used up. Raises NotAuthenticated where the issuer does not take it any
        more, as when somebody has left, NotPermitted, and IssuerUnavailable where nobody knows.
        """
        known = await self._discover()
        with self._answering(ended="invalid_grant"):
            async with self._asking(known) as asking:
                tokens = await asking.refresh_token(
                    known["token_endpoint"],
                    refresh_token=refresh_token,
                    **_target(self.client.audience),
                )
        identity = await self._caller(tokens)
        if identity is None:
            raise self._away("a refresh gives no access token for the gateway")
        return SignedIn(identity, str(tokens.get("refresh_token") or refresh_token))

    async def _caller(self, tokens: Mapping[str, Any]) -> Identity | None:
        """Return whose access token it is: the same subject as on the data path, all the groups.

        None where the issuer gives this client none for our audience.
        """
        try:
            identity = await self._callers.of_token(str(tokens.get("access_token", "")))
        except NotAuthenticated:
            return None
        if identity.issuer != self.client.issuer:
            raise NotPermitted("The access token is of another issuer than the sign-in.")
        return identity

    def _asking(self, known: Mapping[str, Any]) -> AsyncOAuth2Client:
        methods = known.get("token_endpoint_auth_methods_supported")
        post = isinstance(methods, list) and "client_secret_basic" not in methods
        asking = AsyncOAuth2Client(
            client_id=self.client.client_id,
            client_secret=self.client.secret or None,
            redirect_uri=self.client.redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method=_method(self.client, post=post),
            verify=self._tls,
            trust_env=False,
            timeout=_SECONDS,
        )
        register_escaped_basic(asking)
        return asking

    async def _discover(self) -> dict[str, Any]:
        try:
            known = await discover(self.client.issuer, self._http)
            for endpoint in ("authorization_endpoint", "token_endpoint"):
                httpx2.URL(known[endpoint])
        except (httpx.HTTPError, httpx2.InvalidURL, ValueError, TypeError, KeyError) as error:
            raise self._away(error) from error
        return known

    @contextmanager
    def _answering(self, ended: str = "") -> Iterator[None]:
        """Tell a no of the issuer from one that is away. `ended`: the one error that is a no."""
        try:
            yield
        except OAuthError as error:
            fault = str(error.error)[:80]
            _log.warning("no tokens given", issuer=self.client.issuer, reason=fault)
            if ended and fault != ended:
                raise self._away(fault) from error
            raise NotAuthenticated("The identity provider does not take it.") from error
        except (httpx2.HTTPError, ValueError, TypeError, AttributeError) as error:
            raise self._away(error) from error

    def _away(self, reason: object) -> IssuerUnavailable:
        _log.warning("nobody can sign in", issuer=self.client.issuer, reason=repr(reason))
        return IssuerUnavailable(f"{self.client.issuer} does not answer as it should.")


def _method(client: IdpClient, *, post: bool) -> str:
    if not client.secret:
        return "none"
    return "client_secret_post" if post else "client_secret_basic"


def _target(audience: str) -> dict[str, str]:
    """Name what the token is for: most issuers go by `audience`, some by RFC 8707.

    A `resource` is an absolute URI; of another, an issuer says `invalid_target`.
    """
    absolute = urlsplit(audience).scheme in ("https", "http")
    return {"audience": audience} | ({"resource": audience} if absolute else {})


def _scope(known: Mapping[str, Any], wanted: tuple[str, ...]) -> str:
    """Ask for what the issuer knows of: some refuse a scope that they do not."""
    supported = known.get("scopes_supported")
    offered = supported if isinstance(supported, list) else wanted
    return " ".join(scope for scope in wanted if scope == "openid" or scope in offered)
