"""What a page reads of a session is found by an index, in queries that no server suffers from."""

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
from tests.app.storage.asked import Asked
from tests.app.storage.test_mongo import NOW, a_session
from tests.sealing import KEY, MASTER, WRAPPED
from tests.written import append_chunks, write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_MOST_NAMES = 32
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
