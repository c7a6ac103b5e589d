"""`abeyance purge`: removes content that is older than connections, rules and settings demand."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.clock import SystemClock
from app.errors import StorageUnavailable
from app.retention.grants import lone_grants, remove_grants
from app.retention.orphans import lone_originals, orphans
from app.retention.purging import Purger
from app.retention.terms import Terms
from cli.audit.report import progress
from cli.here import settings_here
from cli.storing import who, with_storage, writing_ledger
from policies.loader import load_catalog

if TYPE_CHECKING:
    from datetime import date

    from app.storage.store import MongoStorage

_NOTHING = (
    "Nothing is ever due: no connection, no rule and no setting says how long content is kept "
    "(`abeyance connection retain`, `retention: {days: …}` of a rule, ABEYANCE_RETENTION_DAYS)."
)


def purge(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
    every: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Go on for ever, with a pass so often."),
    ] = 0,
) -> None:
    """Remove content that is past its time. A tombstone of each session stays in the ledger.

    Legal holds keep what they cover. A pass that is interrupted is made good by the next one.
    """

    async def work(storage: MongoStorage) -> None:
        looked_on: date | None = None
        while True:
            try:
                await _pass(storage, dry_run=dry_run)
                if looked_on != (today := SystemClock().now().date()):
                    await _orphans(storage, dry_run=dry_run)
                    # That took long: not again on every pass where the grants cannot be read.
                    looked_on = today
                    await _grants(storage, dry_run=dry_run)
            except StorageUnavailable as unavailable:
                if not every:
                    raise
                Console(stderr=True).print(f"Not purged yet: {unavailable}", markup=False)
            if not every:
                return
            await asyncio.sleep(every)

    with_storage(work)


async def _pass(storage: MongoStorage, *, dry_run: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    terms = await terms_in_force(storage)
    if terms.shortest is None:
        console.print(_NOTHING)
        return
    gone: Counter[str] = Counter()
    looked_at = 0
    async with writing_ledger(storage) as ledger:
        purger = Purger(storage, ledger, SystemClock(), who())
        with progress("purging") as bar:
            task = bar.add_task("", total=None)
            async with aclosing(purger.by_age(terms, dry_run=dry_run)) as batches:
                async for batch in batches:
                    looked_at += batch.looked_at
                    gone.update(f"{why.demanded_by}: {why.days} days" for _, why in batch.gone)
                    bar.advance(task, batch.looked_at)
    if gone:
        table = Table("kept by", "sessions")
        for demand, count in sorted(gone.items()):
            table.add_row(demand, f"{count:,}")
        console.print(table)
    done = "would be removed" if dry_run else "were removed"
    console.print(f"The content of {gone.total():,} of {looked_at:,} old sessions {done}.")


async def _orphans(storage: MongoStorage, *, dry_run: bool) -> None:
    """Remove content that belongs to no session: what a gateway stored just before it died."""
    count, now = 0, SystemClock().now()
    found = (
        (orphans(storage, now), storage.pieces.remove),
        (lone_originals(storage, now), storage.originals.remove),
    )
    with progress("looking for content without a session") as bar:
        bar.add_task("", total=None)
        for lone, remove in found:
            async with aclosing(lone) as days:
                async for names in days:
                    count += len(names)
                    if not dry_run:
                        await remove(names)
    if count:
        of = "piece of content that belongs" if count == 1 else "pieces of content that belong"
        done = "would be" if dry_run else "was" if count == 1 else "were"
        said = f"{count:,} {of} to no session {done} removed."
        Console(highlight=False, soft_wrap=True).print(said)


async def _grants(storage: MongoStorage, *, dry_run: bool) -> None:
    """Remove the grants that have ended, and that nothing names any more."""
    count, now = 0, SystemClock().now()
    async with (
        writing_ledger(storage) as ledger,
        aclosing(lone_grants(storage, now)) as batches,
    ):
        async for grant_ids in batches:
            count += len(grant_ids)
            if not dry_run:
                await remove_grants(storage, ledger, grant_ids, now, who())
    if count:
        done = "would be" if dry_run else "was" if count == 1 else "were"
        said = f"{count:,} ended grant{'' if count == 1 else 's'} {done} removed."
        Console(highlight=False, soft_wrap=True).print(said)


async def terms_in_force(storage: MongoStorage) -> Terms:
    """Return what settings, connections and rules demand. Raises BadCatalog, StorageUnavailable."""
    settings = settings_here()
    catalog = await asyncio.to_thread(load_catalog, settings.catalog)
    connections = await storage.connections.all()
    return Terms(
        settings.retention_days,
        {known.name: known.retention_days for known in connections if known.retention_days},
        {rule.id: rule.retention_days for rule in catalog.rules if rule.retention_days},
    )
