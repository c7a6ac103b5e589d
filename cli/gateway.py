"""The gateway as commands ask it: by a token of whoever types them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

import httpx
import typer
from rich.console import Console

from app.errors import NotAuthenticated, NotPermitted, Unavailable
from workstation.sign_in.signing_in import sign_in
from workstation.sign_in.tokens import tokens_of
from workstation.workplace import gateway_url

if TYPE_CHECKING:
    from types import TracebackType

    from workstation.workplace import Workplace

Json: TypeAlias = dict[str, Any]
GatewayUrl = Annotated[
    str,
    typer.Option(
        help="The gateway's URL; if not given, the one that you signed in to last.",
        envvar="ABEYANCE_GATEWAY_URL",
    ),
]
_HTTP_SECONDS = 10.0
_LATELY_SECONDS = 14 * 60.0
"""A sign-in counts for deciding for 15 minutes: one that is about to end would end on the way."""


class Gateway:
    """Use it as a context manager."""

    def __init__(self, url: str, token: str) -> None:
        self._url = gateway_url(url)
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


def signed_in(workplace: Workplace, *, lately: bool = False) -> str:
    """Return a token of the kept sign-in; have the person sign in where there is none.

    `lately` takes no sign-in that is older than some minutes. Raises IssuerUnavailable,
    NotAuthenticated.
    """
    tokens = tokens_of(workplace)
    try:
        if not lately or time.time() - tokens.signed_in_at() < _LATELY_SECONDS:
            return tokens.current().value
    except NotAuthenticated:
        pass  # as ended as one that is not there
    console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    return sign_in(workplace, console.print, lately=lately).access_token
