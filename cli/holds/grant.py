"""`abeyance grant`: what passes without asking for a while, and how to end it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.errors import NotFound
from bot.slack.text import one_line
from cli.storing import record, who, with_storage

if TYPE_CHECKING:
    from app.domain.grant import Coverage, Grant
    from app.storage.store import MongoStorage

app = typer.Typer(help="See and end grants: approvals for a time.", no_args_is_help=True)


@app.command(name="list")
def list_active() -> None:
    """List the grants that are active."""

    async def show(storage: MongoStorage) -> None:
        # The id is what `revoke` takes: it is folded and not cut.
        table = Table(
            Column("id", overflow="fold"), "for", "rule", "connection", "by", "until", "uses"
        )
        for grant in await storage.grants.active(SystemClock().now()):
            if not grant.is_trust:
                table.add_row(*_cells(grant))
        Console().print(table)

    with_storage(show)


@app.command()
def revoke(
    grant_id: Annotated[str, typer.Argument(help="As `abeyance grant list` shows it.")],
) -> None:
    """End a grant at once: what it let pass is held again."""

    async def end(storage: MongoStorage) -> None:
        now, by = SystemClock().now(), who()
        grant = await storage.grants.get(grant_id)
        if (
            grant is None
            or grant.is_trust
            or not await storage.grants.revoke(grant_id, by=by, now=now)
        ):
            raise NotFound(f"No active grant is called {grant_id}: see `abeyance grant list`.")
        hold = await storage.holds.get(grant.hold_id)
        data: dict[str, str | int] = {"grant": grant_id, "rule": grant.covers.rule, "by": by}
        session = hold.session_id if hold else ""
        await record(storage, Event(EventKind.GRANT_REVOKED, now, session, data))

    with_storage(end)
    Console().print(f"Grant [bold]{grant_id}[/] is revoked.")


def _of_task(covers: Coverage) -> str:
    """Say which tool it covers in one conversation, whose name is a model's word."""
    return escape(f" ({one_line(covers.tool)} in one conversation)") if covers.tool else ""


def _cells(grant: Grant) -> tuple[str, ...]:
    covers = grant.covers
    where = f" ({covers.repository})" if covers.repository else ""
    until = grant.expires_at.astimezone().strftime("%H:%M")
    return (
        grant.id,
        grant.requester_name + where,
        covers.rule + _of_task(covers),
        covers.connection,
        grant.by.name,
        until,
        str(grant.uses),
    )
