"""`abeyance grant`: what passes without asking for a while, and how to end it."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.errors import NotFound
from app.settings import load_settings, require
from app.storage.ports import Event, EventKind
from app.storage.store import MongoStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from app.domain.grant import Grant

app = typer.Typer(help="See and end grants: approvals for a time.", no_args_is_help=True)


@app.command(name="list")
def list_active() -> None:
    """List the grants that are active."""

    async def show(storage: MongoStorage) -> None:
        table = Table("id", "for", "rule", "connection", "by", "until", "uses")
        for grant in await storage.grants.active(SystemClock().now()):
            table.add_row(*_cells(grant))
        Console().print(table)

    _with_storage(show)


@app.command()
def revoke(
    grant_id: Annotated[str, typer.Argument(help="As `abeyance grant list` shows it.")],
) -> None:
    """End a grant at once: what it let pass is held again."""

    async def end(storage: MongoStorage) -> None:
        now, who = SystemClock().now(), f"{getpass.getuser()} at a terminal"
        grant = await storage.grants.get(grant_id)
        if grant is None or not await storage.grants.revoke(grant_id, by=who, now=now):
            raise NotFound(f"No active grant is called {grant_id}: see `abeyance grant list`.")
        hold = await storage.holds.get(grant.hold_id)
        data: dict[str, str | int] = {"grant": grant_id, "rule": grant.covers.rule, "by": who}
        session = hold.session_id if hold else ""
        await _record(storage, Event(EventKind.GRANT_REVOKED, now, session, data))

    _with_storage(end)
    Console().print(f"Grant [bold]{grant_id}[/] is revoked.")


def _cells(grant: Grant) -> tuple[str, ...]:
    covers = grant.covers
    where = f" ({covers.repository})" if covers.repository else ""
    until = grant.expires_at.astimezone().strftime("%H:%M")
    return (
        grant.id,
        grant.requester_name + where,
        covers.rule,
        covers.connection,
        grant.by.name,
        until,
        str(grant.uses),
    )


async def _record(storage: MongoStorage, event: Event) -> None:
    ledger = ChainedLedger(storage.ledger, writer="cli")
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(ledger.run())
        await ledger.append(event)
        writing.cancel()


def _with_storage(work: Callable[[MongoStorage], Coroutine[None, None, None]]) -> None:
    settings = load_settings()
    require(settings, "mongodb")

    async def run() -> None:
        uri, database = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
        storage = MongoStorage.connect(uri, database)
        try:
            await work(storage)
        finally:
            storage.close()

    asyncio.run(run())
