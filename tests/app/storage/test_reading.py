"""What a page reads of a session is found by an index, in queries that no server suffers from."""

from __future__ import annotations

from typing import Any

from pymongo import MongoClient, monitoring

from app.domain.record.session import Chunk
from app.pieces import Piece
from app.storage.store import MongoStorage
from tests.app.storage.test_mongo import NOW, a_session
from tests.sealing import KEY, MASTER, WRAPPED
from tests.written import append_chunks

_MOST_NAMES = 32
_SESSION = a_session(NOW)


class Asked(monitoring.CommandListener):
    """The queries for one collection that were sent."""

    def __init__(self, collection: str) -> None:
        self.filters: list[dict[str, Any]] = []
        self._collection = collection

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "find" and event.command["find"] == self._collection:
            self.filters.append(event.command["filter"])

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


async def test_an_answer_is_read_without_a_look_at_those_of_others(
    mongodb_uri: str, database_name: str
) -> None:
    asked = Asked("chunks")
    monitoring.register(asked)
    storage = MongoStorage.connect(mongodb_uri, database_name, MASTER)
    await storage.prepare()
    await storage.keys.put(WRAPPED)
    await append_chunks(storage, _SESSION.id, [Chunk(0, 0, b"an answer")], KEY)
    assert [chunk.data for chunk in await storage.sessions.chunks(_SESSION.id)] == [b"an answer"]
    storage.close()
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        for wanted in asked.filters:
            plan = str(client[database_name].chunks.find(wanted).explain()["queryPlanner"])
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
    del asked.filters[:]
    assert await storage.pieces.get([*names, names[0]]) == (
        *(piece.data for piece in pieces[::-1]),
        pieces[-1].data,
    )
    storage.close()
    lengths = [len(wanted["_id"]["$in"]) for wanted in asked.filters]
    assert (sum(lengths), max(lengths)) == (len(names), _MOST_NAMES)
