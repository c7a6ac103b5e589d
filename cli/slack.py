"""`abeyance slack`: what a real workspace needs."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from app.errors import BadRequest
from app.settings import SlackMode
from bot.slack.manifest import manifest

app = typer.Typer(help="Connect a Slack workspace.", no_args_is_help=True)


@app.command(name="manifest")
def print_manifest(
    mode: Annotated[SlackMode, typer.Option(help="How Slack reaches the bot.")] = SlackMode.SOCKET,
    url: Annotated[str, typer.Option(help="In HTTP mode: the public https URL of the bot.")] = "",
) -> None:
    """Print the app manifest, to paste under “Create an app from a manifest”."""
    if mode is SlackMode.HTTP and not url.startswith("https://"):
        raise BadRequest("HTTP mode needs --url https://…, where Slack can reach the bot.")
    typer.echo(json.dumps(manifest(mode, url), indent=2))
