"""What is read is found by an index, in queries that no server suffers from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient, monitoring

from app.domain.record.original import Keeping, Original
from app.domain.record.session import Chunk, Side
from app.ids import first_id
from app.pieces import Piece, day_of
from app.storage.content.originals import keeping
from app.storage.store import MongoStorage
from tests.app.storage.asked import Asked, Conditions
from tests.app.storage.samples import SAMPLES
from tests.app.storage.test_mongo import NOW, a_session
from tests.sealing import KEY, MASTER, WRAPPED
from tests.written import append_chunks, write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pymongo.collection import Collection

_MOST_NAMES = 32
LOOKS_AT_ALL = {
    # All of a small collection.
    *("connections.all", "gateways.all", "legal_holds.all"),
    # What is seldom done: rotation of keys, purging, and proofs of what was purged.
    *("keys.under_others", "keys.count_under_others", "grants.ended", "sessions.referring"),
    "pages.naming",
}
"""The methods of stores that are answered by a look at all documents of a collection."""
_SESSION = a_session(NOW)


async def _answered(storage: MongoStorage) -> None:
    await append_chunks(storage, _SESSION.id, [Chunk(0, 0, b"an answer")], KEY)
    assert [chunk.data for chunk in await storage.sessions.chunks(_SESSION.id)] == [b"an answer"]


async def _masked(storage: MongoStorage) -> None:
    original = Original(Keeping("keys", ("responders",)), "a place", "[key]", "a value")
    await write(storage, *keeping(_SESSION.id, Side.ANSWER, [original], KEY))
    [kept] = await storage.originals.of_session(_SESSION.id)
    assert await storage.originals.between(first_id(NOW), "z") == (kept.id,)
    assert await storage.originals.between("", "z") == (kept.id,)


async def _cut(storage: MongoStorage) -> None:
    day = NOW.date()
    names = [f"{day_of(day)}a", f"{day_of(day - timedelta(days=1))}b"]
    await storage.pieces.put([Piece(name, b"a piece") for name in names], KEY)
    assert await storage.pieces.of_day(day) == (names[0],)


@pytest.mark.parametrize(
    ("collection", "read"), [("chunks", _answered), ("originals", _masked), ("pieces", _cut)]
)
async def test_content_is_found_without_a_look_at_that_of_others(
    mongodb_uri: str,
    database_name: str,
    collection: str,
    read: Callable[[MongoStorage], Awaitable[None]],
) -> None:
    asked = Asked(collection)
    monitoring.register(asked)
    storage = MongoStorage.connect(mongodb_uri, database_name, MASTER)
    await storage.prepare()
    await storage.keys.put(WRAPPED)
    await read(storage)
    storage.close()
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        for wanted in asked.filters:
            plan = str(client[database_name][collection].find(wanted).explain()["queryPlanner"])
            assert "IXSCAN" in plan, plan
            assert "COLLSCAN" not in plan, plan
    assert asked.filters


async def test_many_pieces_are_read_some_at_a_time(mongodb_uri: str, database_name: str) -> None:
    asked = Asked("pieces")
    monitoring.register(asked)
    storage = MongoStorage.connect(mongodb_uri, database_name, MASTER)
    await storage.prepare()
    await storage.keys.put(WRAPPED)
    pieces = [Piece(f"piece-{at:03}", b"%d" % at) for at in range(100)]
    await storage.pieces.put(pieces, KEY)
    names = [piece.id for piece in pieces[::-1]]
    del asked.queries[:]
    assert await storage.pieces.get([*names, names[0]]) == (
        *(piece.data for piece in pieces[::-1]),
        pieces[-1].data,
    )
    storage.close()
    lengths = [len(wanted["_id"]["$in"]) for wanted in asked.filters]
    assert (sum(lengths), max(lengths)) == (len(names), _MOST_NAMES)


async def test_no_store_has_all_documents_looked_at_for_some(
    mongodb_uri: str, database_name: str
) -> None:
    conditions = Conditions()
    monitoring.register(conditions)
    storage = MongoStorage.connect(mongodb_uri, database_name, MASTER)
    await storage.prepare()
    found = set()
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        database = client[database_name]
        for name, sample in SAMPLES.items():
            await sample.given(storage)
            del conditions.asked[:]
            await sample.call(storage)
            for collection, wanted in conditions.asked[:]:
                if not _has_index(database[collection], wanted):
                    found.add(name)
            for collection in database.list_collection_names():
                database[collection].delete_many({})
    storage.close()
    # A search looks at all sessions where there are so few that none is a milestone.
    assert found - {"sessions.search"} == LOOKS_AT_ALL


def _has_index(rows: Collection[dict[str, Any]], wanted: dict[str, Any]) -> bool:
    """Whether a server finds this by an index; the embedded one takes one condition of several."""
    parts = (wanted, *({name: wanted[name]} for name in wanted))
    plans = (str(rows.find(part).explain()["queryPlanner"]) for part in parts if part)
    return any("COLLSCAN" not in plan for plan in plans)
