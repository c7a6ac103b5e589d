"""`abeyance person`: what is recorded of a person, and its end."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.clock import SystemClock
from app.errors import NotFound
from app.retention.erasing import Eraser
from app.retention.purging import Purger
from cli.audit.report import progress
from cli.storing import who, with_storage, writing_ledger

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

app = typer.Typer(help="Erase what is recorded of a person.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Have `erase` named, though it is the only one."""


@app.command()
def erase(
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the ledger.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy a person's data keys, and remove their sessions. Nothing brings them back.

    Who they are, and the ledger with what was decided, stays.
    """

    async def work(storage: MongoStorage) -> None:
        people = await storage.people.by_email(email)
        if not people:
            raise NotFound(f"Nobody with the address {email} is known.")
        removed = 0
        async with writing_ledger(storage) as ledger:
            clock = SystemClock()
            eraser = Eraser(storage, ledger, Purger(storage, ledger, clock, who()), clock)
            for person in people:
                await eraser.check(person)
            if not yes:
                typer.confirm(f"Erase all that is recorded of {email} for good?", abort=True)
            with progress("erasing") as bar:
                task = bar.add_task("", total=None)
                for person in people:
                    async with aclosing(eraser.erase(person, who(), reason)) as batches:
                        async for count in batches:
                            removed += count
                            bar.advance(task, count)
        Console(highlight=False, soft_wrap=True).print(
            f"Erased: the data keys of {email} are destroyed, and {removed:,} "
            f"{'session' if removed == 1 else 'sessions'} removed.",
            markup=False,
        )

    with_storage(work)
