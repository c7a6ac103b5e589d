"""What commands do with the database: open it for a while, and write down what they change."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING

from app.audit.ledger import ChainedLedger
from app.settings import require
from app.storage.store import MongoStorage
from cli.here import settings_here

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from app.domain.event import Event


def with_storage(work: Callable[[MongoStorage], Coroutine[None, None, None]]) -> None:
    """Run the work on the database of the settings. Raises BadSettings, StorageUnavailable."""
    settings = settings_here()
    require(settings, "mongodb")

    async def run() -> None:
        uri, database = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
        storage = MongoStorage.connect(uri, database)
        try:
            await work(storage)
        finally:
            storage.close()

    asyncio.run(run())


async def record(storage: MongoStorage, event: Event) -> None:
    """Return when the event is in the ledger. Raises StorageUnavailable."""
    ledger = ChainedLedger(storage.ledger, writer="cli")
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(ledger.run())
        try:
            await ledger.append(event)
        finally:
            writing.cancel()


def who() -> str:
    """Name whoever types, as far as this machine knows."""
    return f"{getpass.getuser()} at a terminal"
