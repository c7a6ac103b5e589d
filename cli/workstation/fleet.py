"""`abeyance fleet`: the managed files for all machines of a company."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from app.errors import BadSettings
from cli.workstation.setup import KINDS, Name
from workstation.configuration.files import make_folders, read, replace
from workstation.setup import claude, codex, cursor, gemini, opencode
from workstation.setup.connections import chosen
from workstation.setup.fleet import COMMANDS, Fleet, ManagedFile, Managing, System

if TYPE_CHECKING:
    from collections.abc import Iterator

_TITLES = {System.LINUX: "Linux", System.MACOS: "macOS", System.WINDOWS: "Windows"}


@dataclass(frozen=True, slots=True)
class Managed:
    title: str
    managing: Managing
    limits: tuple[str, ...]


_TOOLS = {
    Name.CLAUDE: Managed("Claude Code", claude.managed, claude.LIMITS),
    Name.CODEX: Managed("Codex", codex.managed, codex.LIMITS),
    Name.CURSOR: Managed("Cursor", cursor.managed, cursor.LIMITS),
    Name.GEMINI: Managed("Gemini CLI", gemini.managed, gemini.LIMITS),
    Name.OPENCODE: Managed("opencode", opencode.managed, opencode.LIMITS),
}


def fleet(  # noqa: PLR0913 - each is an option of the command
    *,
    gateway: Annotated[str, typer.Option(help="The gateway; else the one signed in to.")] = "",
    connection: Annotated[
        list[str] | None, typer.Option(help="Use this connection; may be given several times.")
    ] = None,
    tool: Annotated[
        list[Name] | None, typer.Option(help="Only this tool; may be given several times.")
    ] = None,
    system: Annotated[
        list[System] | None, typer.Option(help="Only this system; may be given several times.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the files into this folder, as on the machines.")
    ] = None,
    command: Annotated[str, typer.Option(help="Where Abeyance is on Linux and macOS.")] = COMMANDS[
        System.LINUX
    ],
    windows_command: Annotated[str, typer.Option(help="Where Abeyance is on Windows.")] = COMMANDS[
        System.WINDOWS
    ],
    own_sign_in: Annotated[
        bool, typer.Option(help="Claude Code signs in at the gateway itself (2.1.195 and later).")
    ] = False,
) -> None:
    """Print or write each tool's managed files, and say what a user can still switch off."""
    address, found = chosen(gateway, connection or [], KINDS[Name.OPENCODE])
    commands = {
        System.LINUX: command,
        System.MACOS: command,
        System.WINDOWS: windows_command,
    }
    machines = Fleet(address, found, commands, own_sign_in)
    console = Console(highlight=False, soft_wrap=True)
    for name in tool or list(_TOOLS):
        managed = _TOOLS[name]
        try:
            files = list(_files(managed, machines, system or list(System)))
        except BadSettings as left_out:
            if tool:
                raise
            console.print(f"[yellow]• {managed.title} is left out:[/] {escape(str(left_out))}\n")
            continue
        console.print(f"[bold]{managed.title}[/]")
        for kind, file in files:
            _put(console, kind, file, out)
        for limit in managed.limits:
            console.print(f"[yellow]•[/] {escape(limit)}")
        console.print()


def _files(
    managed: Managed, machines: Fleet, systems: list[System]
) -> Iterator[tuple[System, ManagedFile]]:
    for system in systems:
        for file in managed.managing(machines, system):
            yield system, file


def _put(console: Console, system: System, file: ManagedFile, out: Path | None) -> None:
    console.print(f"[cyan]{_TITLES[system]}: {escape(file.place)}[/]")
    if out is None:
        console.print(file.text, markup=False)
        return
    path = out / system / file.name_in(system)
    make_folders(path, public=True)
    replace(path, read(path), file.text, public=True)
