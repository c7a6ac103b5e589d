"""`abeyance session tail`: sessions as they open and end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.clock import SystemClock
from app.domain.record.session import SessionState
from app.search import SessionFilter, parse_filter
from cli.sessions.listing import says
from cli.sessions.looking import catalog_here, note
from cli.sessions.telling import as_json, row
from cli.storing import with_storage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from app.domain.record.session import Session
    from app.storage.store import MongoStorage

_SECONDS = 0.5
_MOST = 500
"""Sessions that are looked at in one round, the newest."""


def tail(
    words: Annotated[
        list[str] | None, typer.Argument(help="Such as user:alice connection:openai rule:…")
    ] = None,
    *,
    json_: Annotated[bool, typer.Option("--json", help="Print a line of JSON each.")] = False,
) -> None:
    """Follow sessions as they open and end, until Ctrl-C. Looking is recorded in the ledger."""
    query = " ".join(words or ())
    now = SystemClock().now()
    wanted = parse_filter(query, now)
    wanted = replace(wanted, since=wanted.since or now)
    show = _as_lines if json_ else _as_text(Console(soft_wrap=True, highlight=False))

    async def follow(storage: MongoStorage) -> None:
        catalog = await catalog_here()
        await note(storage, "tail", query=catalog.mask(query))
        Console(stderr=True).print("Following sessions; Ctrl-C ends it.", style="dim")
        async for session in changes(storage, replace(wanted, text="")):
            if not wanted.text or await says(storage, session, wanted.text, catalog):
                show(session)

    try:
        with_storage(follow)
    except KeyboardInterrupt:
        raise typer.Exit from None


async def changes(storage: MongoStorage, wanted: SessionFilter) -> AsyncIterator[Session]:
    """Yield each session that fits when it is first seen, and again once it has ended."""
    told: dict[str, SessionState] = {}
    while True:
        found = await storage.sessions.search(wanted, limit=_MOST)
        there = {session.id for session in found}
        # Once decided on, a session may no longer match the words; its end is told all the same.
        still_open = [
            one for one, state in told.items() if state is SessionState.OPEN and one not in there
        ]
        others = await asyncio.gather(*(storage.sessions.get(one) for one in still_open))
        for session in [*found[::-1], *filter(None, others)]:
            before = told.get(session.id)
            if before is None or (before is SessionState.OPEN and session.state is not before):
                yield session
            told[session.id] = session.state
        await asyncio.sleep(_SECONDS)


def _word(session: Session) -> str:
    return "opened" if session.state is SessionState.OPEN else "ended"


def _as_lines(session: Session) -> None:
    typer.echo(json.dumps({"event": _word(session), **as_json(session)}))


def _as_text(console: Console) -> Callable[[Session], None]:
    def show(session: Session) -> None:
        short, when, who, to, decision, rule, *spent = row(session)
        line = Text(f"{when}  {short}  ")
        line.append(f"{_word(session):<6} ", "cyan" if _word(session) == "opened" else "dim")
        line.append(f"{decision:<9} ", "bold")
        line.append("  ".join(filter(None, (f"{who} → {to}", rule, *spent))))
        console.print(line)

    return show
