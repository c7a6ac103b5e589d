"""Signing a person in through their browser: OIDC's code flow with PKCE.

Source: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9700 (what a client must check).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import structlog
import yarl

from app.errors import BadSettings, IssuerUnavailable, NotAuthenticated, NotPermitted
from proxy.oidc.discovery import discover
from proxy.oidc.identity import identity_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.domain.identity import Identity
    from app.settings import Settings
    from proxy.callers import Callers
    from proxy.oidc.verify import Verifier

CALLBACK = "/-/link/callback"
_SCOPES = ("openid", "profile", "email", "groups")
_RANDOM_BYTES = 32
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Client:
    """Whom the gateway is to the issuer that signs people in."""

    issuer: str
    audience: str
    client_id: str
    redirect_uri: str
    secret: str = field(default="", repr=False)


def client_of(settings: Settings) -> Client | None:
    """Return the client that the settings describe; None where no browser is to come.

    Raises BadSettings where no trusted issuer of people is meant for certain.
    """
    if not settings.public_url:
        return None
    people = {known.issuer: known for known in settings.issuers if known.kind == "person"}
    only = next(iter(people)) if len(people) == 1 else ""
    issuer = people.get(settings.login_issuer or only)
    if issuer is None:
        raise BadSettings(
            "ABEYANCE_LOGIN_ISSUER: with ABEYANCE_PUBLIC_URL, name one of the issuers of people "
            "in ABEYANCE_ISSUERS: the one that signs people in for a link."
        )
    return Client(
        issuer.issuer,
        issuer.audience,
        settings.login_client_id,
        settings.public_url + CALLBACK,
        settings.login_client_secret.get_secret_value(),
    )


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and what must be remembered of it until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str = field(repr=False)


class SignIn:
    """Keeps nothing between the two halves: another gateway may take the second."""

    def __init__(
        self, client: Client, verifier: Verifier, callers: Callers, http: httpx.AsyncClient
    ) -> None:
        self.client = client
        self._verifier = verifier
        self._callers = callers
        self._http = http

    async def start(self) -> Started:
        """Make a sign-in of its own. Raises IssuerUnavailable."""
        known = await self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": _scope(known),
            "audience": self.client.audience,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        url = yarl.URL(known["authorization_endpoint"]).update_query(asked)
        return Started(str(url), state, nonce, verifier)

    async def finish(self, code: str, *, nonce: str, verifier: str) -> Identity:
        """Return who has signed in.

        Raises NotAuthenticated where there is no code, the issuer does not take it or its answer
        does not hold, NotPermitted for whom we may not link, IssuerUnavailable.
        """
        if not code:
            raise NotAuthenticated("The identity provider sends no code.")
        tokens = await self._exchange(code, verifier)
        signed_in = await self._verifier.verify_sign_in(
            str(tokens.get("id_token", "")),
            issuer=self.client.issuer,
            client_id=self.client.client_id,
            nonce=nonce,
        )
        try:
            # The same kind of token as on the data path: the same subject, and all the groups.
            identity = await self._callers.of_token(str(tokens.get("access_token", "")))
        except NotAuthenticated:
            return await self._callers.vouched(identity_of(signed_in))
        if identity.issuer != self.client.issuer:
            raise NotPermitted("The access token is of another issuer than the sign-in.")
        return identity

    async def _exchange(self, code: str, verifier: str) -> Mapping[str, Any]:
        known = await self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"accept": "application/json"}
        self._authenticate(known, form, headers)
        try:
            answer = await self._http.post(known["token_endpoint"], data=form, headers=headers)
            tokens = answer.json()
        except (httpx.HTTPError, ValueError, TypeError) as error:
            raise self._away(error) from error
        if answer.status_code >= 500 or not isinstance(tokens, dict):
            raise self._away(f"status {answer.status_code}")
        if answer.status_code != 200:
            fault = str(tokens.get("error", ""))[:80]
            _log.warning("code not taken", issuer=self.client.issuer, reason=fault)
            raise NotAuthenticated("The identity provider does not take the code.")
        return tokens

    def _authenticate(
        self, known: Mapping[str, Any], form: dict[str, str], headers: dict[str, str]
    ) -> None:
        """Say who we are in the way that the issuer takes (RFC 6749, section 2.3.1)."""
        client, methods = self.client, known.get("token_endpoint_auth_methods_supported")
        if not client.secret:
            form["client_id"] = client.client_id
        elif isinstance(methods, list) and "client_secret_basic" not in methods:
            form |= {"client_id": client.client_id, "client_secret": client.secret}
        else:
            pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"

    async def _discover(self) -> dict[str, Any]:
        try:
            known = await discover(self.client.issuer, self._http)
            for endpoint in ("authorization_endpoint", "token_endpoint"):
                yarl.URL(known[endpoint])
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            raise self._away(error) from error
        return known

    def _away(self, reason: object) -> IssuerUnavailable:
        _log.warning("nobody can sign in", issuer=self.client.issuer, reason=repr(reason))
        return IssuerUnavailable(f"{self.client.issuer} does not answer as it should.")


def _scope(known: Mapping[str, Any]) -> str:
    """Ask for what the issuer knows of: some refuse a scope that they do not."""
    supported = known.get("scopes_supported")
    offered = supported if isinstance(supported, list) else _SCOPES
    return " ".join(scope for scope in _SCOPES if scope == "openid" or scope in offered)
