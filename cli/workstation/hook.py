"""`abeyance hook install`: the hooks of Cursor, Claude Code and Codex, written and taken back."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from app.errors import BadSettings
from cli.changing import Manner, carry_out, command_of, repository
from workstation.hook.documents import WAIT_SECONDS, hooks_for, warnings_for
from workstation.hook.install import hooks_file, plan_install, plan_removal, version_of
from workstation.setup.base import shell_line
from workstation.workplace import gateway_url

app = typer.Typer(
    help="Ask the gateway about each prompt and tool call of an agent.", no_args_is_help=True
)


class Name(StrEnum):
    CURSOR = "cursor"
    CLAUDE = "claude"
    CODEX = "codex"


@app.command()
def install(  # noqa: PLR0913 - each is an option of the command
    tool: Annotated[Name, typer.Argument(help="The tool that runs the hooks.")],
    *,
    user: Annotated[bool, typer.Option("--user", help="For you (the default).")] = False,
    project: Annotated[bool, typer.Option("--project", help="For this repository.")] = False,
    fleet: Annotated[
        bool, typer.Option("--fleet", help="For all users of this machine; as an administrator.")
    ] = False,
    gateway: Annotated[
        str, typer.Option(help="With --fleet: the gateway that every user's hooks ask.")
    ] = "",
    wait: Annotated[
        int, typer.Option(min=10, help="How many seconds a hook waits for a decision.")
    ] = WAIT_SECONDS,
    tool_version: Annotated[
        str, typer.Option(help="The tool's version; else it is asked for it.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    take_back: Annotated[bool, typer.Option("--undo", help="Take the hooks out again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")] = False,
) -> None:
    """Write a tool's hooks; show each change before it is made."""
    if user + project + fleet > 1:
        raise BadSettings("Choose one of --user, --project and --fleet.")
    level = "fleet" if fleet else "project" if project else "user"
    folder = repository() if project else None
    file = hooks_file(tool, level, folder)
    notes: list[str] = []
    if take_back:
        planned = plan_removal(tool, file, folder)
    else:
        if fleet and not gateway:
            raise BadSettings(
                "Name the gateway of the fleet: --gateway https://gateway.example.com."
            )
        version = tool_version or version_of(tool)
        document = hooks_for(
            tool,
            level,
            version,
            command=shell_line(command_of(project=project or fleet)),
            gateway=gateway_url(gateway) if gateway else "",
            wait=wait,
            windows=sys.platform == "win32",
        )
        planned, notes = (
            plan_install(file, document, public=fleet),
            warnings_for(tool, level, version),
        )
    carry_out(tool, folder, planned, notes, Manner(dry_run, take_back, yes))
