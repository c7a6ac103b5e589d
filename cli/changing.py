"""Showing changes of configuration files, asking whether to make them, and making them."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from app.errors import BadSettings
from workstation.configuration.changing import Planned, make, undo

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Manner:
    dry_run: bool
    undo: bool
    yes: bool


def carry_out(
    tool: str, project: Path | None, planned: list[Planned], notes: Iterable[str], manner: Manner
) -> None:
    """Show what was planned, and do it unless the person does not want it."""
    console = Console(highlight=False, soft_wrap=True)
    wanted = [each for each in planned if each.now != each.then]
    for each in planned:
        _show(console, each)
    if not wanted:
        console.print("Nothing to change." if planned or not notes else "No file to change.")
    elif not manner.dry_run and _agreed(wanted, yes=manner.yes):
        if manner.undo:
            undo(planned)
        else:
            make(tool, planned, project)
        console.print("[bold green]Restored.[/]" if manner.undo else "[bold green]Written.[/]")
    for note in notes:
        console.print(f"[yellow]•[/] {escape(note)}")


def command_of(*, project: bool) -> tuple[str, ...]:
    """Return what starts Abeyance: for this user where it is, for everyone by its name."""
    if project:
        return ("abeyance",)
    started = Path(sys.argv[0]).absolute()
    found = str(started) if started.stem == "abeyance" else shutil.which("abeyance")
    # Tools start it in repositories, whose modules must not take the place of ours: -P.
    return (found,) if found else (sys.executable, "-P", "-m", "cli")


def repository() -> Path:
    """Return the repository that we are in. Raises BadSettings."""
    for folder in (here := Path.cwd(), *here.parents):
        if (folder / ".git").exists():
            return folder
    raise BadSettings(f"{here} is in no Git repository, so there is no project to configure.")


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
