"""`abeyance session`: recorded sessions in a terminal, by the filters of the replay page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from app.clock import SystemClock
from app.domain.record.session import sent, whole
from app.replay.blocks import answer_blocks, request_blocks
from app.replay.export import exported, masked_raw
from app.replay.reader import Reader
from app.replay.session_holds import holds_of
from app.search import parse_filter
from cli.retention.legal_holds import hold, holds, unhold
from cli.sessions.following import tail
from cli.sessions.listing import listed
from cli.sessions.looking import catalog_here, find, note
from cli.sessions.originals import originals
from cli.sessions.rejected import rejected
from cli.sessions.replaying import replay
from cli.sessions.telling import as_json, facts, kept, lost, row, said
from cli.storing import with_storage

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

app = typer.Typer(help="Find and read recorded sessions.", no_args_is_help=True)
app.command()(hold)
app.command()(unhold)
app.command()(holds)
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
app.command()(replay)
app.command()(tail)
app.command()(rejected)
app.command()(originals)


@app.command(name="list")
def list_sessions(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Such as user:alice since:1d decision:denied rule:… conversation:…"),
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at the most.")] = 25,
    json_: _Json = False,
) -> None:
    """List sessions, newest first. Looking is recorded in the ledger."""
    query = " ".join(words or ())
    wanted = parse_filter(query, SystemClock().now())

    async def show(storage: MongoStorage) -> None:
        catalog = await catalog_here()
        await note(storage, "list", query=catalog.mask(query))
        found = await listed(storage, wanted, limit, catalog)
        if json_:
            for session in found:
                typer.echo(json.dumps(as_json(session)))
            return
        table = Table(
            *("id", "when", "who", "to", "decision", Column("rule", overflow="fold")),
            *(Column(name, justify="right") for name in ("took", "tokens", "cost")),
            box=None,
            padding=(0, 1, 0, 0),
        )
        for session in found:
            table.add_row(*(Text(cell) for cell in row(session)))
        Console().print(table)

    with_storage(show)


@app.command()
def show(
    session_id: Annotated[str, typer.Argument(help="The id, or its last six characters.")],
    *,
    json_: _Json = False,
) -> None:
    """Show what was asked and answered, and who decided. Looking is recorded in the ledger."""

    async def tell(storage: MongoStorage) -> None:
        session = await find(storage, session_id.lower())
        await note(storage, "session", session.id)
        halves = await Reader(storage.sessions, storage.pieces, storage.pages).halves(session)
        catalog = await catalog_here()
        entries = await storage.ledger.entries(session.id)
        holds = await holds_of(storage.holds, session, entries)
        if json_:
            raw = masked_raw(
                halves.request, sent(halves.chunks), catalog.mask_together, halves.lost
            )
            typer.echo(exported(session, holds, entries, raw, catalog.mask))
            return
        asked = request_blocks(session.wire, whole(session.request, halves.request))
        answered = answer_blocks(session.answer, halves.chunks)
        mask = catalog.mask_together([block.text for block in (*asked, *answered)])
        console = Console(soft_wrap=True, highlight=False)
        console.print(facts(session, holds, catalog.mask))
        if sealed := await storage.originals.of_session(session.id):
            console.print(kept(sealed))
        if halves.lost:
            console.print(lost(halves.lost))
        console.print(said(asked, mask))
        console.rule("Answer")
        console.print(said(answered, mask) if answered else Text("There is none.", style="dim"))

    with_storage(tell)
