"""Authlib's authorization server, joined to Quart and to the sandbox's people."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from werkzeug.datastructures import MultiDict

from sandbox.idp.claims import ALL_SCOPES, AUDIENCE, OFFLINE, access_claims
from sandbox.idp.clients import CLIENTS, Client
from sandbox.idp.directory import Directory
from sandbox.idp.given import Family, Given, SignedIn
from sandbox.idp.issuer import Issuer
from sandbox.idp.pending import DeviceRequest, Pending


@dataclass(frozen=True, slots=True)
class Reply:
    """What Authlib wants answered. The body is a JSON object, or empty text on a redirect."""

    status: int
    body: Mapping[str, object] | str
    headers: list[tuple[str, str]]


class Payload(OAuth2Payload):
    """The parameters of a request, each with all the values that it came with."""

    def __init__(self, values: MultiDict[str, str]) -> None:
        self._values = values

    @property
    def data(self) -> dict[str, str]:
        return self._values.to_dict()

    @property
    def datalist(self) -> dict[str, list[Any]]:
        return self._values.to_dict(flat=False)


class Incoming(OAuth2Request):
    """A Quart request, read and handed to Authlib, which is not asynchronous."""

    def __init__(
        self,
        method: str,
        uri: str,
        query: MultiDict[str, str],
        form: MultiDict[str, str],
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(method, uri, headers=headers)
        self._query = query
        self._form = form
        both = MultiDict(query)
        both.update(form)
        self.payload = Payload(both)

    @property
    def args(self) -> dict[str, str | None]:
        return {**self._query.to_dict()}

    @property
    def form(self) -> dict[str, str]:
        return self._form.to_dict()


class Authority(AuthorizationServer):
    """Issues what a person has agreed to."""

    def __init__(
        self, issuer: Issuer, pending: Pending, directory: Directory, given: Given
    ) -> None:
        super().__init__(scopes_supported=ALL_SCOPES)
        self.issuer = issuer
        self.pending = pending
        self.directory = directory
        self.given = given
        self.register_token_generator(
            "default",
            BearerTokenGenerator(self._access_token, self._refresh_token, self._lifetime),
        )

    def audience(self, request: OAuth2Request) -> str:
        """Return the `resource` that a request names, or nothing (RFC 8707, section 2)."""
        asked = request.payload.data if request.payload else {}
        resource = str(asked.get("resource", ""))
        target = urlsplit(resource)
        if resource and (not target.scheme or not target.netloc or target.fragment):
            raise InvalidTarget("The 'resource' must be an absolute URI without a fragment.")
        return resource

    def generate_token(
        self,
        grant_type: str,
        client: ClientMixin,
        user: SignedIn | None = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,  # noqa: FBT001, FBT002  Authlib's signature
    ) -> dict[str, str | int]:
        """Give a refresh token to whoever asked for `offline_access`, and nobody else."""
        offline = include_refresh_token and OFFLINE in (scope or "").split()
        made: dict[str, str | int] = super().generate_token(
            grant_type, client, user, scope, expires_in, offline
        )
        return made

    def query_client(self, client_id: str) -> Client | None:  # type: ignore[override]  # Authlib reads None as unknown; its stubs do not say so
        return CLIENTS.get(client_id)

    def save_token(self, token: dict[str, str | int], request: OAuth2Request) -> None:  # noqa: ARG002
        """Keep no token (they prove themselves), but use a device code up."""
        device = request.credential
        if isinstance(device, DeviceRequest):
            self.pending.drop_device(device.device_code)

    def create_oauth2_request(self, request: Incoming) -> Incoming:
        return request

    def handle_response(
        self,
        status: int,
        body: Mapping[str, object] | str,
        headers: Mapping[str, str] | list[tuple[str, str]],
    ) -> Reply:
        if isinstance(headers, Mapping):
            headers = list(headers.items())
        return Reply(status, body, headers)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody: no part of the sandbox listens."""

    def _access_token(
        self, *, client: ClientMixin, grant_type: str, user: SignedIn, scope: str
    ) -> str:
        del grant_type
        now, client_id = int(time.time()), client.get_client_id()
        claims = access_claims(self.issuer.url, user.person, now, client_id, scope)
        claims |= {
            "aud": user.audience or AUDIENCE,
            "auth_time": user.auth_time,
            "exp": now + self.given.minting.seconds,
        }
        opaque = self.given.minting.opaque
        token = f"at-{token_urlsafe(24)}" if opaque else self.issuer.sign(claims, "at+jwt")
        self.given.keep_access(token, client_id, claims)
        return token

    def _refresh_token(
        self, *, client: ClientMixin, grant_type: str, user: SignedIn, scope: str
    ) -> str:
        del grant_type
        family = user.family or Family(
            client.get_client_id(), user.person.key, scope, user.auth_time, user.audience
        )
        return self.given.renewal(family)

    def _lifetime(self, _client: ClientMixin, _grant_type: str) -> int:
        return self.given.minting.seconds


class InvalidTarget(OAuth2Error):
    error = "invalid_target"
