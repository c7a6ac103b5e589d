"""What `abeyance up` shows when everything runs: where things are, and what to try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

_BODY = (
    '{"model": "sandbox-1", "messages": '
    '[{"role": "user", "content": "Write a script that deploys this to production"}]}'
)


@dataclass(frozen=True, slots=True)
class Places:
    """Base URLs; empty where the real thing is used in place of a stand-in."""

    gateway: str
    slack: str
    idp: str
    model: str


def show_panel(console: Console, places: Places, data: Path) -> None:
    table = Table.grid(padding=(0, 2))
    for name, url, what in (
        ("Gateway", f"{places.gateway}/openai/v1", "the base URL for your SDK"),
        ("Slack", places.slack, "the sandbox workspace: be any of its people"),
        ("Sign-in", places.idp, "the sandbox identity provider"),
        ("Model API", places.model, "the sandbox upstream"),
    ):
        table.add_row(f"[bold]{name}[/]", url or "[dim]yours, from the settings[/]", what)
    console.print(Panel(table, title="[bold]Abeyance is up[/]", border_style="green", expand=False))
    if places.idp and places.slack:
        _show_steps(console, places)
    console.print(f"[dim]Logs and data are in {data}. Ctrl-C stops everything.[/]")


def _show_steps(console: Console, places: Places) -> None:
    console.print("\n[bold]1.[/] Ask for something risky, as Alice; it will wait:\n")
    # Not wrapped: a line that is broken on the screen is broken in the clipboard.
    console.print(held_curl(places), style="cyan", soft_wrap=True, markup=False)
    console.print(
        f"\n[bold]2.[/] Open [bold]{places.slack}[/] as Maria Lopez, in #approvals, and press "
        "[bold]Approve once[/] or [bold]Deny…[/]"
        "\n[bold]3.[/] Watch the waiting curl end. Then, as Ines Roth, type [bold]/replay[/]\n"
    )


def held_curl(places: Places) -> str:
    """Return a command that asks for something a manager must approve."""
    token = f'"Authorization: Bearer $(curl -s {places.idp}/sandbox/token/alice)"'
    url = f"{places.gateway}/openai/v1/chat/completions"
    return f"curl -sS {url} -H {token} -H 'Content-Type: application/json' -d '{_BODY}'"
