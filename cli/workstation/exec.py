"""`abeyance exec`: runs a tool, and sends its requests through the gateway."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.errors import NotAuthenticated
from workstation.launch.running import Launch, launch
from workstation.setup.connections import usable
from workstation.sign_in.tokens import tokens_of
from workstation.tools.known import routed, tool_of
from workstation.workplace import find_workplace, save_workplace

if TYPE_CHECKING:
    from workstation.launch.environment import Prepared
    from workstation.tools.base import Start
    from workstation.workplace import Workplace

_SECRET = ("KEY", "TOKEN")
GatewayOption = Annotated[
    str, typer.Option("--gateway", help="The gateway; else the one that you signed in to last.")
]
ConnectionOption = Annotated[
    list[str] | None,
    typer.Option("--connection", help="Use this connection; may be given several times."),
]


def exec_(
    command: Annotated[
        list[str], typer.Argument(help="What to run, such as: claude", metavar="TOOL")
    ],
    *,
    gateway: GatewayOption = "",
    connection: ConnectionOption = None,
    notify: Annotated[
        bool, typer.Option(help="Show a desktop notification while a request is waiting.")
    ] = True,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say what the tool is started with.")
    ] = False,
) -> None:
    """Run a tool through the gateway: `abeyance exec -- claude`."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    tool = tool_of(command[0])
    workplace = find_workplace(gateway)
    tokens = tokens_of(workplace)
    signed_in(workplace, console)
    tokens = tokens_of(workplace)
    connections = routed(tool, usable(workplace), connection or [])

    def tell(start: Start, ready: Prepared) -> None:
        for name in ready.removed:
            console.print(
                f"[dim]{name} is not passed on to {tool.title}: it would lead past Abeyance.[/]"
            )
        if tool.note:
            console.print(f"[dim]{tool.note}[/]")
        if verbose:
            for line in described(start):
                console.print(Text(line, style="dim"))

    wanted = Launch(tuple(command), tool, connections, workplace.gateway, tokens, notifies=notify)
    sys.exit(launch(wanted, tell))


def signed_in(workplace: Workplace, console: Console) -> None:
    """Have the person sign in, if she has to and can. Raises NotAuthenticated."""
    try:
        tokens_of(workplace).current()
    except NotAuthenticated as error:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        # What people sign in with loads slowly, and is seldom needed.
        from workstation.sign_in.signing_in import sign_in  # noqa: PLC0415

        console.print(Text(str(error)))
        sign_in(workplace, lambda words: console.print(Text(words)))
        save_workplace(workplace)


def described(start: Start) -> list[str]:
    """Return what a tool is started with, a line each; secrets are left out."""
    lines = [
        f"{name}={'…' if name.endswith(_SECRET) or '{' in value else value}"
        for name, value in start.environment.items()
    ]
    return [*lines, *([" ".join(start.arguments)] if start.arguments else [])]
