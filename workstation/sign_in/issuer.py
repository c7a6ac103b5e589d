"""An identity provider as Authlib's client asks it. Every method raises IssuerUnavailable.

Sources: RFC 6749, RFC 7009, RFC 7636, RFC 8414, RFC 8628, RFC 8707, OpenID Connect Discovery 1.0.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from app.errors import IssuerUnavailable, NotAuthenticated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from workstation.workplace import Workplace

_SCOPES = ("openid", "profile", "email", "groups", "offline_access")
_SECONDS = 10.0
_LIFETIME_SECONDS = 300.0
"""How long a token lives of which the issuer does not say it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What an issuer has given: tokens, and when the access token ends."""

    access_token: str = field(repr=False)
    issued_at: float
    expires_at: float
    refresh_token: str = field(default="", repr=False)


class Issuer:
    """The issuer of a workplace. Use it as a context manager."""

    def __init__(self, workplace: Workplace, redirect_uri: str = "") -> None:
        self._workplace = workplace
        with self._answering():
            self.known = self._discover()
        self._client = OAuth2Client(
            client_id=workplace.client_id,
            scope=_scope(self.known),
            redirect_uri=redirect_uri or None,
            code_challenge_method="S256",
            timeout=_SECONDS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def refresh(self, refresh_token: str) -> Grant:
        """Raises NotAuthenticated where the issuer does not take the refresh token any more."""
        with self._answering():
            token = self._client.refresh_token(
                self.known["token_endpoint"], refresh_token=refresh_token, **self._target()
            )
            return _grant(token)

    def _target(self) -> dict[str, str]:
        """Name what the token is for: most issuers go by `audience`, some by RFC 8707."""
        audience = self._workplace.audience
        target = {"audience": audience} if audience else {}
        if urlsplit(audience).scheme in ("https", "http"):
            # It must be an absolute URI; of others, an issuer says `invalid_target`.
            target["resource"] = audience
        return target

    def _discover(self) -> Mapping[str, Any]:
        issuer = self._workplace.issuer
        url = issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = httpx2.get(url, timeout=_SECONDS, follow_redirects=True).raise_for_status().json()
        if str(found["issuer"]).rstrip("/") != issuer.rstrip("/"):
            raise ValueError(f"it says that it is {found['issuer']}")
        return dict(found)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Tell what an issuer refuses from an issuer that does not work."""
        try:
            yield
        except OAuthError as error:
            why = f"{error.error}: {error.description}" if error.description else error.error
            raise NotAuthenticated(
                f"{self._workplace.issuer} does not sign you in ({why})."
            ) from error
        except (httpx2.HTTPError, ValueError, TypeError, LookupError) as error:
            raise IssuerUnavailable(
                f"{self._workplace.issuer} does not answer as an identity provider does "
                f"({error}); check its address and the client."
            ) from error


def _grant(token: Mapping[str, Any]) -> Grant:
    now = time.time()
    lifetime = float(token.get("expires_in") or _LIFETIME_SECONDS)
    return Grant(
        str(token["access_token"]), now, now + lifetime, str(token.get("refresh_token") or "")
    )


def _scope(known: Mapping[str, Any]) -> str:
    """Ask for what the issuer knows of: some refuse a scope that they do not."""
    supported = known.get("scopes_supported")
    offered = supported if isinstance(supported, list) else _SCOPES
    return " ".join(scope for scope in _SCOPES if scope == "openid" or scope in offered)
