from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.audit.seals import seal
from app.clock import SystemClock
from app.domain.event import Entry, Event, EventKind
from app.errors import StorageUnavailable
from app.storage.mongo import Database
from app.storage.registers import MongoLedger
from app.storage.store import MongoStorage
from tests.conftest import NOBODY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from app.storage.bulk import Fault, Write
    from app.storage.ports import LedgerStore

NOW = SystemClock().now()


def an_event(session: str, **data: str | int) -> Event:
    return Event(EventKind.REQUEST_FORWARDED, NOW, session, data)


@asynccontextmanager
async def running(store: LedgerStore) -> AsyncIterator[ChainedLedger]:
    ledger = ChainedLedger(store, "test")
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(ledger.run())
        yield ledger
        task.cancel()


async def test_what_many_append_at_once_is_one_unbroken_chain(storage: MongoStorage) -> None:
    async with running(storage.ledger) as ledger:
        await asyncio.gather(*(ledger.append(an_event("s", n=n)) for n in range(300)))
        await ledger.append(an_event("s", n=300))
    entries = sorted(await storage.ledger.entries("s"), key=lambda entry: entry.seq)
    assert [entry.seq for entry in entries] == list(range(301))
    assert entries[0].previous == ""
    for before, after in itertools.pairwise(entries):
        assert after.previous == before.hash
    assert all(entry.hash == seal(entry) for entry in entries)


async def test_a_changed_event_no_longer_fits_its_seal(storage: MongoStorage) -> None:
    async with running(storage.ledger) as ledger:
        await ledger.append(an_event("s", digest="abc"))
    [entry] = await storage.ledger.entries("s")
    forged = replace(entry, event=replace(entry.event, data={"digest": "abd"}))
    assert seal(forged) != entry.hash


async def test_an_append_that_cannot_be_written_says_so(database_name: str) -> None:
    away = MongoStorage.connect(NOBODY, database_name)
    async with running(away.ledger) as ledger:
        with pytest.raises(StorageUnavailable):
            await ledger.append(an_event("s"))
    away.close()


async def test_a_chain_begins_with_the_last_entry_of_the_writers_chain_before(
    storage: MongoStorage,
) -> None:
    async with running(storage.ledger) as ledger:
        await ledger.append(an_event("a"))
        await ledger.append(an_event("b"))
    async with running(storage.ledger) as ledger:
        await ledger.append(an_event("c"))
    [before], [after] = await storage.ledger.entries("b"), await storage.ledger.entries("c")
    assert after.chain != before.chain
    assert (after.seq, after.previous) == (0, before.hash)


async def test_after_a_failed_write_a_chain_begins_with_what_was_written_for_sure(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    class Failing(MongoLedger):
        async def insert(
            self, entries: Sequence[Entry], writes: Sequence[Write] = ()
        ) -> tuple[Fault, ...]:
            faults = await super().insert(entries, writes)
            if entries[0].event.session_id == "b":
                raise StorageUnavailable("the reply was lost")
            return faults

    database = Database(mongodb_uri, database_name)
    async with running(Failing(database.collection("ledger", Entry), database.bulk())) as ledger:
        await ledger.append(an_event("a"))
        with pytest.raises(StorageUnavailable):
            await ledger.append(an_event("b"))
        await ledger.append(an_event("c"))
    database.close()
    [before], [after] = await storage.ledger.entries("a"), await storage.ledger.entries("c")
    assert after.chain != before.chain
    assert (after.seq, after.previous) == (0, before.hash)
