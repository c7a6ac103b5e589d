"""The gateway as commands ask it: by a token of whoever types them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

import httpx
import typer
from rich.console import Console

from app.errors import IssuerUnavailable, NotPermitted, Unavailable
from cli.login import AUDIENCE, sign_in

if TYPE_CHECKING:
    from types import TracebackType

Json: TypeAlias = dict[str, Any]
GatewayUrl = Annotated[str, typer.Option(help="The gateway's URL.", envvar="ABEYANCE_GATEWAY_URL")]
_HTTP_SECONDS = 10.0


class Gateway:
    """Use it as a context manager; give a token, or sign in."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._http = httpx.Client(timeout=_HTTP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def sign_in(self, issuer: str, client_id: str, audience: str = AUDIENCE) -> None:
        """Have the person sign in. Raises IssuerUnavailable, NotAuthenticated."""
        console = Console(stderr=True, highlight=False)
        try:
            self._token = sign_in(self._http, console, issuer.rstrip("/"), client_id, audience)
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise IssuerUnavailable(f"{issuer} does not sign you in ({error}).") from error

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """Return what the gateway answers. Raises Unavailable, or NotPermitted with its words."""
        headers = {"authorization": f"Bearer {self._token}"}
        try:
            answer = self._http.request(method, self._url + path, headers=headers, json=body)
            told: Json = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"The gateway does not answer as it should ({error}).") from error
        if answer.status_code != 200:
            message = str(told.get("error", {}).get("message", ""))
            raise NotPermitted(message or f"The gateway refused with {answer.status_code}.")
        return told
