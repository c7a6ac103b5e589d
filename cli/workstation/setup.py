"""`abeyance setup`: writes a tool's own configuration, so that it uses the gateway for good."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.changing import Manner, carry_out, command_of, repository
from workstation.configuration.changing import plan, plan_undo
from workstation.hook.documents import hooks_for, warnings_for
from workstation.hook.install import hooks_file, plan_install, plan_removal, version_of
from workstation.setup import claude, codex, cursor, gemini, opencode
from workstation.setup.base import SettingUp, Wish, shell_line
from workstation.setup.connections import chosen

if TYPE_CHECKING:
    from pathlib import Path

    from workstation.configuration.changing import Planned


class Name(StrEnum):
    CLAUDE = "claude"
    CODEX = "codex"
    GEMINI = "gemini"
    OPENCODE = "opencode"
    CURSOR = "cursor"


_TOOLS: dict[Name, SettingUp] = {
    Name.CLAUDE: claude.set_up,
    Name.CODEX: codex.set_up,
    Name.GEMINI: gemini.set_up,
    Name.OPENCODE: opencode.set_up,
    Name.CURSOR: cursor.set_up,
}
KINDS = {
    Name.CLAUDE: ("anthropic",),
    Name.CODEX: ("openai",),
    Name.GEMINI: ("gemini",),
    Name.OPENCODE: ("anthropic", "openai", "gemini"),
    Name.CURSOR: ("openai",),
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
    folder = repository() if project else None
    notes: list[str] = []
    if take_back:
        planned = _without_hooks(folder) if tool is Name.CURSOR else plan_undo(tool, folder)
    else:
        where = chosen(gateway, connection or [], KINDS[tool])
        wish = Wish(*where, command_of(project=project), folder)
        asked = _TOOLS[tool](wish)
        planned, notes = plan(asked.changes), list(asked.notes)
        if tool is Name.CURSOR:
            hooks, warnings = _hooks(wish)
            planned, notes = [*planned, *hooks], [*warnings, *notes]
    carry_out(tool, folder, planned, notes, Manner(dry_run, take_back, yes))


def _hooks(wish: Wish) -> tuple[list[Planned], list[str]]:
    """Return Cursor's hooks, which are all that a file can say of the gateway."""
    level, version = "project" if wish.project else "user", version_of("cursor")
    command = shell_line(wish.command)
    document = hooks_for("cursor", level, version, command=command, windows=wish.windows)
    planned = plan_install(hooks_file("cursor", level, wish.project), document)
    return planned, warnings_for("cursor", level, version)


def _without_hooks(project: Path | None) -> list[Planned]:
    file = hooks_file("cursor", "project" if project else "user", project)
    return plan_removal("cursor", file, project)
