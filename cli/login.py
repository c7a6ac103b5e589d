"""`abeyance login`: a token for whatever wants an API key, by OIDC's device flow (RFC 8628)."""

from __future__ import annotations

import time
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from app.errors import IssuerUnavailable, NotAuthenticated

_SCOPE = "openid profile email groups"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER_SECONDS = 5


Issuer = Annotated[
    str, typer.Option(help="Your identity provider.", envvar="ABEYANCE_LOGIN_ISSUER")
]
ClientId = Annotated[
    str, typer.Option(help="The client registered there.", envvar="ABEYANCE_LOGIN_CLIENT_ID")
]
Audience = Annotated[
    str, typer.Option(help="What the token is for.", envvar="ABEYANCE_LOGIN_AUDIENCE")
]
CLIENT_ID = "abeyance-cli"
AUDIENCE = "abeyance"


def login(issuer: Issuer, client_id: ClientId = CLIENT_ID, audience: Audience = AUDIENCE) -> None:
    """Sign in and print an access token: `export OPENAI_API_KEY=$(abeyance login)`."""
    # Only the token goes to standard output, so that the shell can take it.
    console = Console(stderr=True, highlight=False)
    with httpx.Client(timeout=10.0) as http:
        try:
            typer.echo(sign_in(http, console, issuer.rstrip("/"), client_id, audience))
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise IssuerUnavailable(
                f"{issuer} does not answer as an identity provider does ({error}); "
                "check --issuer and --client-id."
            ) from error


def sign_in(
    http: httpx.Client, console: Console, issuer: str, client_id: str, audience: str
) -> str:
    """Have the person sign in by the device flow, and return their access token."""
    known = http.get(f"{issuer}/.well-known/openid-configuration").raise_for_status().json()
    request = {"client_id": client_id, "scope": _SCOPE, "audience": audience}
    device = http.post(known["device_authorization_endpoint"], data=request)
    asked = device.raise_for_status().json()
    page = asked.get("verification_uri_complete", asked["verification_uri"])
    # A terminal that is too narrow must not cut the address in two.
    told = f"Open [bold]{page}[/] and enter [bold]{asked['user_code']}[/]"
    console.print(told, soft_wrap=True)
    with console.status("waiting for you to sign in"):
        return _poll(http, known["token_endpoint"], client_id, asked)


def _poll(http: httpx.Client, endpoint: str, client_id: str, asked: dict[str, Any]) -> str:
    interval = int(asked.get("interval", _SLOWER_SECONDS))
    question = {
        "grant_type": _DEVICE_GRANT,
        "device_code": asked["device_code"],
        "client_id": client_id,
    }
    while True:
        time.sleep(interval)
        answer = http.post(endpoint, data=question).json()
        if "access_token" in answer:
            return str(answer["access_token"])
        match answer.get("error"):
            case "authorization_pending":
                continue
            case "slow_down":
                interval += _SLOWER_SECONDS
            case other:
                raise NotAuthenticated(f"The identity provider says “{other}”; start again.")
