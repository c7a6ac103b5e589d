"""`abeyance session rejected`: requests that were refused before they had a session."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from app.clock import SystemClock
from app.errors import BadRequest
from app.search import parse_filter
from bot.slack.text import one_line
from cli.storing import with_storage

if TYPE_CHECKING:
    from app.domain.record.rejection import Rejection
    from app.storage.store import MongoStorage


def rejected(
    *,
    since: Annotated[str, typer.Option(help="An age (30m, 12h, 7d, 2w) or a date.")] = "1d",
    address: Annotated[str, typer.Option(help="Only from this address.")] = "",
    status: Annotated[int, typer.Option(help="Only with this status, such as 401.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at the most.")] = 50,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List requests that were refused before they had a session, newest first.

    Such as for a bad token (401), an unknown address (404), or a body that is too large (413).
    """
    first = parse_filter(f"since:{since}", SystemClock().now()).since
    if first is None:
        raise BadRequest("Give --since an age or a date.")

    async def show(storage: MongoStorage) -> None:
        found = await storage.rejections.since(first, address=address, status=status, limit=limit)
        if json_:
            for rejection in found:
                typer.echo(json.dumps(msgspec.to_builtins(rejection)))
            return
        table = Table(
            *("when", "status", "from", "to", Column("why", overflow="fold")),
            Column("times", justify="right"),
        )
        for rejection in found:
            table.add_row(*(Text(one_line(cell)) for cell in _row(rejection)))
        Console().print(table)

    with_storage(show)


def _row(rejection: Rejection) -> tuple[str, ...]:
    sender = " ".join(filter(None, (rejection.address, rejection.user_agent[:40])))
    return (
        rejection.at.astimezone().strftime("%m-%d %H:%M:%S"),
        f"{rejection.status}",
        sender,
        f"{rejection.method} {rejection.path}",
        rejection.why,
        f"{rejection.count:,}",
    )
