"""`abeyance env`: what a tool needs to reach the gateway, for a shell to read."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime
from typing import Annotated

import platformdirs
import typer
from rich.console import Console

from cli.workstation.exec import ConnectionOption, GatewayOption, signed_in
from workstation.environment import variable, variables
from workstation.launch.running import routes_of, write_files
from workstation.launch.shells import Shell, lines_for
from workstation.setup.connections import usable
from workstation.sign_in.tokens import tokens_of
from workstation.tools.known import routed, tool_of
from workstation.workplace import find_workplace


def env(
    tool: Annotated[
        str, typer.Argument(help="The tool; without it, the usual variables of all APIs.")
    ] = "",
    *,
    gateway: GatewayOption = "",
    connection: ConnectionOption = None,
    shell: Annotated[Shell | None, typer.Option(help="The shell that is to read it.")] = None,
) -> None:
    """Print what a tool needs, for a shell: `eval "$(abeyance env claude)"`.

    The token in it ends within the hour, in the middle of a task; `abeyance exec` renews it.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    known = tool_of(tool)
    workplace = find_workplace(gateway)
    signed_in(workplace, console)
    connections = routed(known, usable(workplace), connection or [])
    token = tokens_of(workplace).current()
    folder = platformdirs.user_state_path("abeyance") / "env"
    routes = routes_of(connections, workplace.gateway, token.value)
    start = known.starting(routes, variables(), folder)
    write_files(start)
    for line in lines_for(shell or _usual(), known, start):
        typer.echo(line)
    if math.isfinite(token.expires_at):
        until = datetime.fromtimestamp(token.expires_at, UTC).astimezone()
        console.print(f"[dim]The token ends at {until:%H:%M}. `abeyance exec` renews it.[/]")


def _usual() -> Shell:
    if variable("SHELL").endswith("fish"):
        return Shell.FISH
    return Shell.POWERSHELL if sys.platform == "win32" else Shell.SH
