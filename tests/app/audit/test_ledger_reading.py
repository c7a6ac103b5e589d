"""What is asked of the ledger is found by an index, and no more is read than what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient, monitoring
from pymongo.collection import Collection

from app.domain.event import Entry, Event, EventKind, place
from app.ids import new_id
from app.storage.store import MongoStorage
from tests.app.audit.test_ledger import NOW
from tests.app.storage.asked import Asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


LONG = 200
MOST_NAMES = 32
"""In one query: the embedded server compares each entry with each of them."""
CHAIN = f"test/{new_id(NOW)}"
EARLIER = f"test/{new_id(NOW - timedelta(hours=1))}"
OTHER = f"test-2/{new_id(NOW)}"


async def written(storage: MongoStorage, chain: str, length: int) -> None:
    """Write a chain whose entries are told apart by their hashes."""
    event = Event(EventKind.REQUEST_FORWARDED, NOW, "s", {})
    await storage.ledger.insert(
        [Entry(chain, seq, event, previous="", hash=f"{chain} {seq}") for seq in range(length)]
    )


@dataclass
class Reader:
    """A storage of its own, and what it asks of the ledger."""

    storage: MongoStorage
    asked: Asked
    rows: Collection[dict[str, Any]]

    @property
    def read(self) -> int:
        """How many entries the server reads for what it was asked.

        The embedded server reads all that a condition with an index finds, and everything where
        none has one; only then it sorts, and applies other conditions and a limit.
        """
        return sum(map(self._read, self.asked.filters))

    def _read(self, query: dict[str, Any]) -> int:
        for part in (query, *({name: query[name]} for name in query)):
            if "IXSCAN" in str(self.rows.find(part).explain()["queryPlanner"]):
                return self.rows.count_documents(part)
        return self.rows.count_documents({})

    def remove(self, numbers: range) -> None:
        self.rows.delete_many({"_id": {"$in": [place(CHAIN, number) for number in numbers]}})


@pytest.fixture
async def reader(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> AsyncIterator[Reader]:
    """Reads what is in a ledger with three long chains."""
    for chain in (EARLIER, OTHER, CHAIN):
        await written(storage, chain, LONG)
    asked = Asked("ledger")
    monitoring.register(asked)
    reading = MongoStorage.connect(mongodb_uri, database_name)
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        yield Reader(reading, asked, client[database_name].ledger)
    reading.close()


async def test_the_end_of_the_newest_chain_of_a_writer_is_found(storage: MongoStorage) -> None:
    for length in (1, 2, 3, 32, 33, 64, 65, 130):
        for at, how_many in ((NOW - timedelta(hours=1), 3), (NOW, length)):
            chain = f"writer-{length}/{new_id(at)}"
            await written(storage, chain, how_many)
        assert await storage.ledger.tip(f"writer-{length}") == f"{chain} {length - 1}"
    assert await storage.ledger.tip("writer") == ""


async def test_the_end_of_a_chain_is_found_without_reading_the_chain(reader: Reader) -> None:
    assert await reader.storage.ledger.tip("test") == f"{CHAIN} {LONG - 1}"
    assert 0 < reader.read < LONG / 4


async def test_the_end_of_a_chain_is_found_behind_entries_that_are_missing(reader: Reader) -> None:
    reader.remove(range(100, LONG - 1))
    assert await reader.storage.ledger.tip("test") == f"{CHAIN} {LONG - 1}"


async def test_a_part_of_a_chain_is_read_without_the_rest(reader: Reader) -> None:
    ledger = reader.storage.ledger
    page = await ledger.chain(CHAIN, 100, 20)
    assert [(entry.chain, entry.seq) for entry in page] == [(CHAIN, n) for n in range(100, 120)]
    assert await ledger.chain(CHAIN, LONG, 20) == ()
    assert len(await ledger.chain(CHAIN, LONG - 5, 20)) == 5
    assert reader.read == 20 + 5


async def test_a_part_of_a_chain_that_is_missing_hides_nothing_behind_it(reader: Reader) -> None:
    reader.remove(range(50, 150))
    page = await reader.storage.ledger.chain(CHAIN, 50, 20)
    assert [entry.seq for entry in page] == list(range(150, 170))


async def test_the_beginnings_of_chains_are_found_without_the_rest(reader: Reader) -> None:
    for since in (None, NOW - timedelta(days=1)):
        firsts = await reader.storage.ledger.firsts(since)
        assert sorted(entry.chain for entry in firsts) == sorted([EARLIER, OTHER, CHAIN])
    assert reader.read == 2 * 3


async def test_many_places_are_read_some_at_a_time(reader: Reader) -> None:
    places = [place(CHAIN, number) for number in range(LONG - 100, LONG + 10)]
    found = await reader.storage.ledger.at(places)
    assert sorted(found) == places[:100]
    assert all(one == entry.place for one, entry in found.items())
    lengths = [len(asked["_id"]["$in"]) for asked in reader.asked.filters]
    assert (sum(lengths), max(lengths)) == (len(places), MOST_NAMES)


async def test_what_released_a_request_is_found_without_the_rest(reader: Reader) -> None:
    told = [
        Event(EventKind.GRANT_GIVEN, NOW, "s", {"hold": "h1", "grant": "g1"}),
        Event(EventKind.HOLD_OPENED, NOW, "s", {"hold": "h1"}),
        Event(EventKind.GRANT_GIVEN, NOW, "s", {"hold": "h2", "grant": "g2"}),
    ]
    chain = f"gave/{new_id(NOW)}"
    entries = [
        Entry(chain, seq, event, previous="", hash=str(seq)) for seq, event in enumerate(told)
    ]
    await reader.storage.ledger.insert(entries)
    ledger = reader.storage.ledger
    assert [entry.hash for entry in await ledger.giving(["g1"])] == ["0"]
    assert sorted(entry.hash for entry in await ledger.of_holds(["h1", "none"])) == ["0", "1"]
    assert reader.read == 1 + 2
