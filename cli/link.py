"""`abeyance link`: tells the gateway that a Slack account is yours."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from cli.gateway import Gateway, GatewayUrl, signed_in
from cli.login import Audience, ClientId, Issuer, workplace_of


def link(
    code: Annotated[str, typer.Argument(help="The code that Abeyance gave you in Slack.")],
    gateway: GatewayUrl = "",
    issuer: Issuer = "",
    client_id: ClientId = "",
    audience: Audience = "",
    token: Annotated[
        str, typer.Option(help="A token that you have already.", envvar="ABEYANCE_TOKEN")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,  # noqa: FBT002
) -> None:
    """Link your Slack account to your sign-in, where no verified address does."""
    console = Console(stderr=True, highlight=False)
    path = f"/-/link/{code}"
    workplace = workplace_of(gateway, issuer, client_id, audience)
    with Gateway(workplace.gateway, token or signed_in(workplace)) as at:
        named = at.ask("GET", path)["account"]
        if not yes:
            # Whoever links another one's account lets them decide in his name.
            typer.confirm(
                f"Is the Slack account “{named}” yours, and did you ask for this code?", abort=True
            )
        at.ask("POST", path)
    console.print(f"The Slack account “{named}” is linked to you.")
