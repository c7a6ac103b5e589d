"""`abeyance session originals`: what rules masked and keep sealed, for those who may open it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer
from rich.console import Console
from rich.text import Text

from bot.slack.preformatted import revealed
from bot.slack.text import one_line
from cli.gateway import GatewayUrl  # noqa: TC001 - Typer reads it at run time
from cli.login import Audience, ClientId, Issuer  # noqa: TC001 - Typer reads them at run time
from cli.signed_in import SigningIn, Token

if TYPE_CHECKING:
    from cli.signed_in import Json


def originals(  # noqa: PLR0913 - each is an option of the command
    session_id: Annotated[str, typer.Argument(help="The whole id of the session.")],
    open_: Annotated[
        str, typer.Option("--open", help="Show one, such as request-1: this is recorded.")
    ] = "",
    *,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    gateway: GatewayUrl = "",
    issuer: Issuer = "",
    client_id: ClientId = "",
    audience: Audience = "",
    token: Token = "",
) -> None:
    """List what is kept sealed for you in a session, or open one. You sign in at the gateway."""
    asking = SigningIn(gateway, issuer, client_id, audience, token)
    path = f"/-/originals/{quote(session_id.lower(), safe='')}"
    told = (
        asking.ask("POST", f"{path}/{quote(open_, safe='')}", {})
        if open_
        else asking.ask("GET", path)
    )
    if json_:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for one in [told] if open_ else told["originals"]:
        console.print(_line(one))
    if open_:
        console.print(revealed(told["value"]).text)


def _line(one: Json) -> Text:
    text = Text(f"{one['name']}  ", style="bold")
    said = f"{one['label']}  {one['place']}, rule {one['rule']}, for {', '.join(one['for'])}"
    return text.append(one_line(said), style="not bold")
