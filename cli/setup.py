"""`abeyance setup`: writes a tool's own configuration, so that it uses the gateway for good."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli.changing import Manner, carry_out, command_of, repository
from workstation.configuration.changing import plan, plan_undo
from workstation.setup import claude, codex, cursor, gemini, opencode
from workstation.setup.base import SettingUp, Wish
from workstation.setup.connections import chosen


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
    notes: tuple[str, ...] = ()
    if take_back:
        planned = plan_undo(tool, folder)
    else:
        where = chosen(gateway, connection or [], KINDS[tool])
        asked = _TOOLS[tool](Wish(*where, command_of(project=project), folder))
        planned, notes = plan(asked.changes), asked.notes
    carry_out(tool, folder, planned, notes, Manner(dry_run, take_back, yes))
