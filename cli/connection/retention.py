"""`abeyance connection retain`: how long what is recorded of a connection is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.errors import NotFound
from cli.storing import record, who, with_storage

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


def retain(
    name: Annotated[str, typer.Argument(help="The connection.")],
    days: Annotated[int, typer.Argument(min=0, max=36_500, help="0: as the settings say.")],
) -> None:
    """Keep what is recorded of a connection for so many days; `abeyance purge` then removes it."""

    async def put(storage: MongoStorage) -> None:
        known = await storage.connections.get(name)
        if known is None:
            raise NotFound(f"There is no connection {name}: see `abeyance connection list`.")
        said: dict[str, str | int] = {"by": who(), "name": name, "what": "retain", "days": days}
        await record(storage, Event(EventKind.CONNECTION_CHANGED, SystemClock().now(), "", said))
        await storage.connections.put(replace(known, retention_days=days))

    with_storage(put)
    kept = f"for {days} days" if days else "as ABEYANCE_RETENTION_DAYS says"
    Console(highlight=False).print(f"What is recorded of [bold]{name}[/] is kept {kept}.")
