"""What `abeyance up` shows: how far it has come, and then where things are and what to try.

Nothing is drawn in a frame or wrapped: an address that is cut on the screen is cut in the
clipboard.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console

_STILL_SECONDS = 10.0
_BODY = (
    '{"model": "sandbox-1", "messages": '
    '[{"role": "user", "content": "Write a script that deploys this to production"}]}'
)


class Steps:
    """Says what is being started, and now and then that it still is."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @asynccontextmanager
    async def step(self, what: str) -> AsyncIterator[None]:
        self._console.print(f"Starting {what} …", soft_wrap=True)
        telling = asyncio.ensure_future(self._still(what.partition(" (")[0]))
        try:
            yield
        finally:
            telling.cancel()

    async def _still(self, what: str) -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(_STILL_SECONDS)
            self._console.print(f"  still starting {what}, {time.monotonic() - began:.0f} s so far")


@dataclass(frozen=True, slots=True)
class Places:
    """Base URLs; empty where the real thing is used in place of a stand-in."""

    gateway: str
    slack: str
    idp: str
    model: str
    data: Path


def show_panel(console: Console, places: Places) -> None:
    _show(console, "\n[bold green]Abeyance is up[/]\n")
    for name, url, what in (
        ("Gateway", f"{places.gateway}/openai/v1", "the base URL for your SDK"),
        ("Slack", places.slack, "the sandbox workspace: be anyone"),
        ("Sign-in", places.idp, "the sandbox identity provider"),
        ("Model API", places.model, "the sandbox upstream"),
    ):
        where = f"{url:<32}" if url else f"[dim]{'yours, from the settings':<32}[/]"
        _show(console, f"[bold]{name:<10}[/]{where} [dim]{what}[/]")
    if places.idp and places.slack:
        _show_steps(console, places)
    _show(console, "[bold]The command[/] of this folder finds this database and vault key:")
    _show(console, f"  [cyan]{escape(command(places.data))} connection list[/]")
    _show(console, f"\n[dim]Logs and data are in {escape(str(places.data))}[/]")
    _show(console, "[dim]Ctrl-C stops everything.[/]")


def _show_steps(console: Console, places: Places) -> None:
    _show(console, "\n[bold]1.[/] Ask for something risky, as Alice; it will wait:\n")
    console.print(held_curl(places), style="cyan", soft_wrap=True, markup=False)
    _show(console, f"\n[bold]2.[/] Open [bold]{places.slack}[/] as Maria Lopez, in #approvals,")
    _show(console, "   and press [bold]Approve[/] or [bold]Deny…[/]")
    _show(console, "[bold]3.[/] Watch the waiting curl end. Then, as Ines Roth, type /replay\n")
    typed = escape(command(places.data))
    _show(console, "[bold]With an agent that you have[/] (claude, codex, gemini, opencode):")
    _show(console, f"  [cyan]{typed} login {places.gateway}[/]")
    _show(console, f"  [cyan]{typed} exec -- claude[/]\n")


def held_curl(places: Places) -> str:
    """Return a command that asks for something a manager must approve."""
    token = f'"Authorization: Bearer $(curl -s {places.idp}/sandbox/token/alice)"'
    url = f"{places.gateway}/openai/v1/chat/completions"
    return f"curl -sS {url} -H {token} -H 'Content-Type: application/json' -d '{_BODY}'"


def command(data: Path) -> str:
    """Return how the `abeyance` of this environment is typed in this folder."""
    here = Path.cwd()
    path = Path(sys.executable).with_name("abeyance")
    typed = str(path.relative_to(here) if path.is_relative_to(here) else path)
    return typed if data == here / ".abeyance" else f"ABEYANCE_DATA={data} {typed}"


def _show(console: Console, line: str) -> None:
    console.print(line, soft_wrap=True)
