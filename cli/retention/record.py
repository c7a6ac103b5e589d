"""`abeyance record`: the master keys that seal it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import Console

from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.sealing.choosing import master_keys
from app.sealing.rotation import rotated
from cli.audit.report import progress
from cli.here import settings_here
from cli.storing import record, who, with_storage

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

app = typer.Typer(help="Manage the keys that seal the record.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Have `rotate` named, though it is the only one."""


@app.command()
def rotate() -> None:
    """Wrap all data keys with the newest master key, so that the older ones can be taken away.

    Before, put the new key first in ABEYANCE_RECORD_KEYS of every process, and restart them, or
    rotate the key of your key service.
    """
    master = master_keys(settings_here())

    async def work(storage: MongoStorage) -> None:
        newest, *others = await master.ids()
        total = await storage.keys.count_under_others([newest])
        await record(
            storage,
            Event(
                EventKind.RECORD_KEYS_ROTATED,
                SystemClock().now(),
                "",
                {"by": who(), "to": newest, "keys": total},
            ),
        )
        with progress("wrapping") as bar:
            task = bar.add_task("", total=total)
            async for count in rotated(storage.keys, master):
                bar.advance(task, count)
        said = f"{total:,} data keys are wrapped with “{newest}” now."
        if others:
            said += f" Nothing in the database needs {', '.join(others)} any more; backups do."
        Console(highlight=False, soft_wrap=True).print(said, markup=False)

    with_storage(work)
