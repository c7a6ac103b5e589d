"""`abeyance doctor`: what is wrong with an installation, or with this machine's tools."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from cli.server_parts import imported_for
from workstation.doctor import claude, codex, cursor, gateway, gemini, opencode
from workstation.doctor.findings import CheckResult, CheckState

_EXAMINING = (claude.examine, codex.examine, gemini.examine, opencode.examine, cursor.examine)
_MARKS = {
    CheckState.GOOD: "[bold green]✓[/]",
    CheckState.NOTE: "[bold yellow]![/]",
    CheckState.BAD: "[bold red]✗[/]",
}


def doctor(
    *,
    slack: Annotated[
        bool, typer.Option("--slack", help="Look at Slack alone, as after installing the app.")
    ] = False,
    workstation: Annotated[
        bool, typer.Option("--workstation", help="Look at the tools of this machine.")
    ] = False,
    address: Annotated[
        str, typer.Option("--gateway", help="With --workstation: the gateway to be used.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="With --workstation: print the findings as JSON.")
    ] = False,
) -> None:
    """Look at everything that must be there, and say how to mend what is not. Posts nothing."""
    if workstation:
        _workstation(address, as_json=as_json)
        return
    with imported_for("`abeyance doctor` without --workstation"):
        from cli.doctor.server import doctor as examine_server  # noqa: PLC0415  server's parts
    examine_server(slack=slack)


def _workstation(address: str, *, as_json: bool) -> None:
    machine, findings = gateway.examine(address)
    findings += [found for examining in _EXAMINING for found in examining(machine)]
    bad = sum(found.state is CheckState.BAD for found in findings)
    if as_json:
        said = {"covered": not bad, "findings": [asdict(found) for found in findings]}
        typer.echo(json.dumps(said, indent=2))
    else:
        _show(findings, bad)
    if bad:
        raise typer.Exit(1)


def _show(findings: list[CheckResult], bad: int) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for found in findings:
        mark = _MARKS[found.state]
        console.print(f"{mark} [bold]{escape(found.point)}[/]  {escape(found.found)}")
        if found.remedy and found.state is not CheckState.GOOD:
            console.print(f"    [yellow]{escape(found.remedy)}[/]")
    if bad:
        points = "1 point needs" if bad == 1 else f"{bad} points need"
        console.print(f"\n[bold red]{points} mending.[/]")
    else:
        console.print("\n[bold green]Every tool that was found is covered.[/]")
