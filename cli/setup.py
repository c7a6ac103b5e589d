"""`abeyance setup`: writes a tool's own configuration, so that it uses the gateway for good."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from app.errors import BadSettings
from workstation.configuration.changing import Planned, make, plan, plan_undo, undo
from workstation.setup import claude, codex, cursor, gemini, opencode
from workstation.setup.base import SettingUp, Wish
from workstation.setup.connections import chosen


class Name(StrEnum):
    CLAUDE = "claude"
    CODEX = "codex"
    GEMINI = "gemini"
    OPENCODE = "opencode"
    CURSOR = "cursor"


_TOOLS: dict[Name, tuple[SettingUp, tuple[str, ...]]] = {
    Name.CLAUDE: (claude.set_up, ("anthropic",)),
    Name.CODEX: (codex.set_up, ("openai",)),
    Name.GEMINI: (gemini.set_up, ("gemini",)),
    Name.OPENCODE: (opencode.set_up, ("anthropic", "openai", "gemini")),
    Name.CURSOR: (cursor.set_up, ("openai",)),
}


def setup(
    tool: Annotated[Name, typer.Argument(help="The tool to configure.")],
    *,
    gateway: Annotated[str, typer.Option(help="The gateway; else the one signed in to.")] = "",
    connection: Annotated[
        list[str] | None, typer.Option(help="Use this connection; may be given several times.")
    ] = None,
    project: Annotated[
        bool, typer.Option("--project", help="Configure this repository, not your user account.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    take_back: Annotated[bool, typer.Option("--undo", help="Restore what was there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")] = False,
) -> None:
    """Configure a tool to use the gateway for good; show each change before it is made."""
    console = Console(highlight=False, soft_wrap=True)
    folder = _repository() if project else None
    notes: tuple[str, ...] = ()
    if take_back:
        planned = plan_undo(tool, folder)
    else:
        setting_up, kinds = _TOOLS[tool]
        asked = setting_up(
            Wish(*chosen(gateway, connection or [], kinds), _command(project=project), folder)
        )
        planned, notes = plan(asked.changes), asked.notes
    wanted = [each for each in planned if each.now != each.then]
    for each in planned:
        _show(console, each)
    if not wanted:
        console.print("Nothing to change." if planned or not notes else "No file to change.")
    elif not dry_run and _agreed(wanted, yes=yes):
        if take_back:
            undo(planned)
        else:
            make(tool, planned, folder)
        console.print("[bold green]Restored.[/]" if take_back else "[bold green]Written.[/]")
    for note in notes:
        console.print(f"[yellow]•[/] {escape(note)}")


def _show(console: Console, planned: Planned) -> None:
    for line in planned.diff().splitlines():
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        console.print(Text(line, style=style))
    for setting in planned.kept:
        said = f"{setting} in {planned.file} was changed since, so it stays as it is."
        console.print(f"[yellow]•[/] {escape(said)}")


def _agreed(planned: list[Planned], *, yes: bool) -> bool:
    """Ask, where a person can answer."""
    if yes or not sys.stdin.isatty():
        return True
    files = "this file" if len(planned) == 1 else f"these {len(planned)} files"
    return typer.confirm(f"Write {files}?", default=True)


def _command(*, project: bool) -> tuple[str, ...]:
    """Return what starts Abeyance: for this user where it is, for everyone by its name."""
    if project:
        return ("abeyance",)
    started = Path(sys.argv[0]).absolute()
    found = str(started) if started.stem == "abeyance" else shutil.which("abeyance")
    return (found,) if found else (sys.executable, "-m", "cli")


def _repository() -> Path:
    for folder in (here := Path.cwd(), *here.parents):
        if (folder / ".git").exists():
            return folder
    raise BadSettings(f"{here} is in no Git repository, so there is no project to configure.")
