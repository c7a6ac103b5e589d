"""`abeyance trust`: texts that nobody is asked about again, and how to end that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from app.audit.giving import facts_of
from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.errors import NotFound
from bot.slack.text import one_line
from cli.storing import record, who, with_storage
from policies.passages.trust import trusted_passage

if TYPE_CHECKING:
    from app.domain.grant import Grant
    from app.domain.hold import Hold
    from app.domain.passage import Passage
    from app.storage.store import MongoStorage

app = typer.Typer(
    help="See and end trusted texts, which no longer need approval.", no_args_is_help=True
)

TrustId = Annotated[str, typer.Argument(help="As `abeyance trust list` shows it.")]
_NONE = (
    "No text is trusted. Approvers trust one by “Never ask about this text again…”, behind the "
    "three dots of a card."
)
_MOST_WORDS = 60


@app.command(name="list")
def list_active(
    *, as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False
) -> None:
    """List the texts that are trusted."""

    async def show(storage: MongoStorage) -> None:
        active = await storage.grants.active(SystemClock().now())
        trusts = [grant for grant in active if grant.is_trust]
        found = await storage.holds.get_many({trust.hold_id for trust in trusts})
        holds = {hold.id: hold for hold in found}
        told = [_told(trust, holds.get(trust.hold_id)) for trust in trusts]
        if as_json:
            typer.echo(json.dumps(told, indent=2))
        elif not told:
            typer.echo(_NONE)
        else:
            Console().print(_table(told))

    with_storage(show)


@app.command()
def show(trust_id: TrustId) -> None:
    """Show what is trusted, for whom, by whom and until when."""

    async def tell(storage: MongoStorage) -> None:
        trust = await _get(storage, trust_id)
        hold = await storage.holds.get(trust.hold_id)
        table = Table(show_header=False, box=None)
        for name, value in _told(trust, hold).items():
            table.add_row(name.replace("_", " "), escape(str(value)))
        Console().print(table)

    with_storage(tell)


@app.command()
def revoke(trust_id: TrustId) -> None:
    """End a trust at once: requests that carry its text are held again."""

    async def end(storage: MongoStorage) -> None:
        trust, now, by = await _get(storage, trust_id), SystemClock().now(), who()
        if not await storage.grants.revoke(trust.id, by=by, now=now):
            raise NotFound(f"The trust {trust_id} is over already.")
        hold = await storage.holds.get(trust.hold_id)
        session = hold.session_id if hold else ""
        data = {"hold": trust.hold_id, **facts_of(trust), "by": by}
        await record(storage, Event(EventKind.GRANT_REVOKED, now, session, data))
        await storage.holds.note_untrusted(trust.hold_id, trust.id)

    with_storage(end)
    Console().print(f"The trust [bold]{escape(trust_id)}[/] is revoked.")


async def _get(storage: MongoStorage, trust_id: str) -> Grant:
    trust = await storage.grants.get(trust_id)
    if trust is None or not trust.is_trust:
        raise NotFound(f"No trusted text is called {trust_id}: see `abeyance trust list`.")
    return trust


def _told(trust: Grant, hold: Hold | None) -> dict[str, str | int]:
    passage = trusted_passage(trust, hold) if hold else None
    told: dict[str, str | int] = {
        "id": trust.id,
        "text": _words(passage),
        "for": one_line(trust.requester_name),
        "rule": trust.covers.rule,
        "connection": trust.covers.connection,
        "lines": len(trust.covers.lines),
        "by": one_line(trust.by.name),
        "since": trust.created_at.isoformat(),
        "until": trust.expires_at.isoformat(),
        "uses": trust.uses,
        "session": hold.session_id if hold else "",
    }
    if trust.revoked_at:
        told |= {"revoked_by": trust.revoked_by, "revoked_at": trust.revoked_at.isoformat()}
    return told


def _words(passage: Passage | None) -> str:
    """Return the line in which something was found first, with secrets masked."""
    found = passage.excerpt if passage else None
    return one_line(found.line) if found else ""


def _table(told: list[dict[str, str | int]]) -> Table:
    # The id is what `revoke` takes: it is folded and not cut.
    shown = ("text", "for", "rule", "connection", "by", "until", "uses")
    table = Table(Column("id", overflow="fold"), *shown)
    for one in told:
        short = one | {"text": str(one["text"])[:_MOST_WORDS], "until": str(one["until"])[:10]}
        table.add_row(str(one["id"]), *(escape(str(short[name])) for name in shown))
    return table
