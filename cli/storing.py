"""What commands do with the database: open it for a while, and write down what they change."""

from __future__ import annotations

import asyncio
import getpass
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from app.audit.ledger import ChainedLedger
from app.sealing.choosing import has_master_keys, master_keys
from app.settings import require
from app.storage.store import MongoStorage
from cli.here import settings_here

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from app.domain.event import Event
    from app.sealing.master import MasterKeys
    from app.settings import Settings


def with_storage(work: Callable[[MongoStorage], Coroutine[None, None, None]]) -> None:
    """Run the work on the database of the settings. Raises BadSettings, StorageUnavailable."""
    settings = settings_here()
    require(settings, "mongodb")

    async def run() -> None:
        uri, database = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
        storage = MongoStorage.connect(uri, database, keys_of(settings))
        try:
            await work(storage)
        finally:
            storage.close()

    asyncio.run(run())


def keys_of(settings: Settings) -> MasterKeys | None:
    """Return the master keys of the record; None where none are given, as for most commands.

    Raises BadSettings where one is wrong.
    """
    return master_keys(settings) if has_master_keys(settings) else None


@asynccontextmanager
async def writing_ledger(storage: MongoStorage) -> AsyncIterator[ChainedLedger]:
    """Open a ledger for the length of a block."""
    ledger = ChainedLedger(storage.ledger, writer="cli")
    writing = asyncio.ensure_future(ledger.run())
    try:
        yield ledger
    finally:
        writing.cancel()


async def record(storage: MongoStorage, event: Event) -> None:
    """Return when the event is in the ledger. Raises StorageUnavailable."""
    async with writing_ledger(storage) as ledger:
        await ledger.append(event)


def who() -> str:
    """Name whoever types, as far as this machine knows."""
    return f"{getpass.getuser()} at a terminal"
