"""An identity provider as Authlib's client asks it.

Every method raises IssuerUnavailable, and NotAuthenticated where the issuer says no; making one
raises BadSettings for an address in the clear. Sources:
RFC 6749, RFC 7009, RFC 7636, RFC 8628, RFC 8707, RFC 9207, OpenID Connect Discovery 1.0.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from app.errors import BadSettings, IssuerUnavailable, NotAuthenticated
from workstation.workplace import is_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from workstation.workplace import Workplace

_SCOPES = ("openid", "profile", "email", "groups", "offline_access")
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SECONDS = 10.0
_LIFETIME_SECONDS = 300.0
"""How long a token lives of which the issuer does not say it."""
_SLOWER_SECONDS = 5.0
_RANDOM_CHARACTERS = 48


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What an issuer has given. Times are Unix seconds."""

    access_token: str = field(repr=False)
    issued_at: float
    expires_at: float
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Started:
    """A sign-in in a browser on its way."""

    url: str
    state: str
    verifier: str = field(repr=False)


class Issuer:
    """The issuer of a workplace. Use it as a context manager."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        if not is_private(workplace.issuer):
            raise BadSettings(
                f"{workplace.issuer} would have your sign-in in the clear: use https:// (http:// "
                "only on this machine)."
            )
        with self._answering():
            self._known = self._discover()
        # A scope of the client's own would be asked for with each refresh, also where the person
        # was granted less.
        self._client = OAuth2Client(
            client_id=workplace.client_id, code_challenge_method="S256", timeout=_SECONDS
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

    @property
    def has_device_flow(self) -> bool:
        return "device_authorization_endpoint" in self._known

    def start(self, redirect_uri: str, *, max_age: int | None = None) -> Started:
        """Begin a sign-in in a browser; `max_age`: how many seconds ago the last one may be."""
        state, verifier = (generate_token(_RANDOM_CHARACTERS) for _ in range(2))
        extra = self._target() | ({"max_age": str(max_age)} if max_age is not None else {})
        with self._answering():
            url, _ = self._client.create_authorization_url(
                self._known["authorization_endpoint"],
                redirect_uri=redirect_uri,
                scope=self._scope(),
                state=state,
                code_verifier=verifier,
                **extra,
            )
        return Started(url, state, verifier)

    def finish(self, started: Started, redirect_uri: str, query: str) -> TokenGrant:
        """Take the code out of what the browser brought back."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        issuer = given.get("iss", self._known["issuer"])
        if given.get("state") != started.state or issuer != self._known["issuer"]:
            raise NotAuthenticated("What the browser brought back is not of this sign-in.")
        with self._answering():
            if "code" not in given:
                raise OAuthError(given.get("error", "no code"), given.get("error_description"))
            return _grant(
                self._client.fetch_token(
                    self._known["token_endpoint"],
                    grant_type="authorization_code",
                    code=given["code"],
                    redirect_uri=redirect_uri,
                    code_verifier=started.verifier,
                    **self._resource(),
                )
            )

    def by_device(self, show: Callable[[str, str], None]) -> TokenGrant:
        """Have the person sign in elsewhere; `show` is given the page and the code to enter."""
        with self._answering():
            asked = self._client.request(
                "POST",
                self._known["device_authorization_endpoint"],
                data={
                    "client_id": self._workplace.client_id,
                    "scope": self._scope(),
                    **self._target(),
                },
                withhold_token=True,
            )
            device: dict[str, Any] = asked.json()
            if "error" in device:
                raise OAuthError(device["error"], device.get("error_description"))
            asked.raise_for_status()
            page = device.get("verification_uri_complete", device["verification_uri"])
            show(str(page), str(device["user_code"]))
            return self._poll(device)

    def _poll(self, device: Mapping[str, Any]) -> TokenGrant:
        interval = float(device.get("interval", _SLOWER_SECONDS))
        while True:
            time.sleep(interval)
            try:
                return _grant(
                    self._client.fetch_token(
                        self._known["token_endpoint"],
                        grant_type=_DEVICE_GRANT,
                        device_code=device["device_code"],
                        **self._resource(),
                    )
                )
            except OAuthError as error:
                if error.error == "slow_down":
                    interval += _SLOWER_SECONDS
                elif error.error != "authorization_pending":
                    raise

    def refresh(self, refresh_token: str) -> TokenGrant:
        """Raises NotAuthenticated where the issuer does not take the refresh token any more."""
        with self._answering():
            return _grant(
                self._client.refresh_token(
                    self._known["token_endpoint"], refresh_token=refresh_token, **self._target()
                )
            )

    def revoke(self, refresh_token: str) -> None:
        """End the sign-in at the issuer, where it offers that."""
        endpoint = self._known.get("revocation_endpoint")
        if endpoint:
            with self._answering():
                answer = self._client.revoke_token(endpoint, token=refresh_token)  # type: ignore[no-untyped-call]
                answer.raise_for_status()

    def _scope(self) -> str:
        """Ask for what the issuer knows of: some refuse a scope that they do not."""
        supported = self._known.get("scopes_supported")
        offered = supported if isinstance(supported, list) else _SCOPES
        known = (scope for scope in _SCOPES if scope == "openid" or scope in offered)
        return " ".join((*known, *self._workplace.scopes))

    def _target(self) -> dict[str, str]:
        """Name what the token is for: most issuers go by `audience`, some by RFC 8707."""
        audience = self._workplace.audience
        return ({"audience": audience} if audience else {}) | self._resource()

    def _resource(self) -> dict[str, str]:
        """A `resource` is an absolute URI; of others, an issuer says `invalid_target`."""
        audience = self._workplace.audience
        absolute = urlsplit(audience).scheme in ("https", "http")
        return {"resource": audience} if absolute else {}

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
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, TypeError, LookupError) as error:
            raise IssuerUnavailable(
                f"{self._workplace.issuer} does not answer as an identity provider does "
                f"({error}); check its address and the client {self._workplace.client_id}."
            ) from error


def _grant(token: Mapping[str, Any]) -> TokenGrant:
    now = time.time()
    lifetime = float(token.get("expires_in") or _LIFETIME_SECONDS)
    return TokenGrant(
        str(token["access_token"]), now, now + lifetime, str(token.get("refresh_token") or "")
    )
