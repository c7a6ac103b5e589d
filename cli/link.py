"""`abeyance link`: tells the gateway that a Slack account is yours."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from cli.gateway import Gateway, GatewayUrl
from cli.login import CLIENT_ID, ClientId, Issuer


def link(
    code: Annotated[str, typer.Argument(help="What Abeyance told you in Slack.")],
    gateway: GatewayUrl,
    issuer: Issuer = "",
    client_id: ClientId = CLIENT_ID,
    token: Annotated[
        str, typer.Option(help="A token that you have already.", envvar="ABEYANCE_TOKEN")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,  # noqa: FBT002
) -> None:
    """Link your Slack account to your sign-in, where no verified address does."""
    console = Console(stderr=True, highlight=False)
    path = f"/-/link/{code}"
    with Gateway(gateway, token) as at:
        if not token:
            at.sign_in(issuer, client_id)
        named = at.ask("GET", path)["account"]
        if not yes:
            # Whoever links another one's account lets them decide in his name.
            typer.confirm(
                f"Is the Slack account “{named}” yours, and did you ask for this code?", abort=True
            )
        at.ask("POST", path)
    console.print(f"The Slack account “{named}” is linked to you.")
