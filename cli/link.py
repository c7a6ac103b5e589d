"""`abeyance link`: tells the gateway that a Slack account is yours."""

from __future__ import annotations

from typing import Annotated

import httpx
import typer
from rich.console import Console

from app.errors import AbeyanceError, IssuerUnavailable, NotPermitted, Unavailable
from cli.login import sign_in

_HTTP_SECONDS = 10.0


def link(
    code: Annotated[str, typer.Argument(help="What Abeyance told you in Slack.")],
    gateway: Annotated[str, typer.Option(help="The gateway's URL.", envvar="ABEYANCE_GATEWAY_URL")],
    issuer: Annotated[
        str, typer.Option(help="Your identity provider.", envvar="ABEYANCE_LOGIN_ISSUER")
    ] = "",
    client_id: Annotated[
        str, typer.Option(help="The client registered there.", envvar="ABEYANCE_LOGIN_CLIENT_ID")
    ] = "abeyance-cli",
    token: Annotated[
        str, typer.Option(help="A token that you have already.", envvar="ABEYANCE_TOKEN")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,  # noqa: FBT002
) -> None:
    """Link your Slack account to your sign-in, where no verified address does."""
    console = Console(stderr=True, highlight=False)
    url = f"{gateway.rstrip('/')}/-/link/{code}"
    with httpx.Client(timeout=_HTTP_SECONDS) as http:
        try:
            token = token or sign_in(http, console, issuer.rstrip("/"), client_id, "abeyance")
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise IssuerUnavailable(f"{issuer} does not sign you in ({error}).") from error
        named = _ask(http, "GET", url, token)["account"]
        if not yes:
            # Whoever links another one's account lets them decide in his name.
            typer.confirm(
                f"Is the Slack account “{named}” yours, and did you ask for this code?", abort=True
            )
        _ask(http, "POST", url, token)
    console.print(f"The Slack account “{named}” is linked to you.")


def _ask(http: httpx.Client, method: str, url: str, token: str) -> dict[str, str]:
    try:
        answer = http.request(method, url, headers={"authorization": f"Bearer {token}"})
        told: dict[str, dict[str, str]] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(f"The gateway does not answer as it should ({error}).") from error
    if answer.status_code != 200:
        raise _refused(answer.status_code, str(told.get("error", {}).get("message", "")))
    return {name: str(value) for name, value in told.items()}


def _refused(status: int, message: str) -> AbeyanceError:
    return NotPermitted(message or f"The gateway refused with {status}.")
