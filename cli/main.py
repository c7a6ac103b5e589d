"""The `abeyance` command."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from app.errors import AbeyanceError
from cli import connection, doctor, grant, hold, link, login, policy, serve, slack, trust, up

app = typer.Typer(
    name="abeyance",
    help="Hold risky requests to AI model APIs until a manager says yes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(name="up")(up.up)
app.command(name="gateway")(serve.gateway)
app.command(name="bot")(serve.bot)
app.command(name="doctor")(doctor.doctor)
app.command(name="login")(login.login)
app.command(name="link")(link.link)
app.add_typer(connection.app, name="connection")
app.add_typer(grant.app, name="grant")
app.add_typer(hold.app, name="hold")
app.add_typer(policy.app, name="policy")
app.add_typer(slack.app, name="slack")
app.add_typer(trust.app, name="trust")


def main() -> None:
    """Run the command; what went wrong is told in words, without a traceback."""
    try:
        app()
    except AbeyanceError as error:
        # `highlight` would colour numbers inside the sentence.
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]abeyance:[/] {_plain(error)}")
        sys.exit(2)


def _plain(error: AbeyanceError) -> str:
    return str(error).replace("[", r"\[")
