"""Originals in the database: sealed, bound to who may open them, and gone with their session."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from app.domain.record.original import Keeping, Original
from app.domain.record.session import Side
from app.errors import ContentErased, Damaged
from app.storage.content.originals import ORIGINALS, keeping
from tests.app.storage.test_mongo import NOW, a_session
from tests.written import write

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

VALUE = "AKIAQZ7KW3MHT5VJ2RBX"
KEEPING = Keeping("keys", ("responders",))
KEPT = tuple(Original(KEEPING, f"place {at}", "[key]", f"{VALUE}{at}") for at in range(11))


async def test_originals_are_given_back_in_order_and_a_repeated_write_is_the_same(
    storage: MongoStorage,
) -> None:
    session, other = a_session(NOW), a_session(NOW)
    key = await storage.data_keys.of(session.identity.key)
    for side in (Side.ANSWER, Side.REQUEST):
        await write(storage, *keeping(session.id, side, KEPT, key))
        await write(storage, *keeping(session.id, side, KEPT, key))
    await write(storage, *keeping(other.id, Side.REQUEST, KEPT[:1], key))
    found = await storage.originals.of_session(session.id)
    assert {one.seal for one in found} == {b""}
    numbers = range(1, 12)
    assert [one.name for one in found] == [
        *(f"request-{at}" for at in numbers),
        *(f"answer-{at}" for at in numbers),
    ]
    assert [await storage.originals.opened(one) for one in found[:11]] == [k.value for k in KEPT]
    assert (found[0].rule, found[0].sealed_for, found[0].place, found[0].label) == (
        *("keys", ("responders",)),
        *("place 0", "[key]"),
    )
    await storage.originals.remove_of(session.id)
    assert await storage.originals.of_session(session.id) == ()
    assert len(await storage.originals.of_session(other.id)) == 1


async def test_who_holds_the_database_alone_reads_no_original_and_makes_it_nobody_elses(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    session = a_session(NOW)
    key = await storage.data_keys.of(session.identity.key)
    await write(storage, *keeping(session.id, Side.REQUEST, KEPT[:2], key))
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        rows = client[database_name][ORIGINALS]
        stored = list(rows.find())
        assert VALUE not in str(stored)
        assert VALUE.encode() not in b"".join(bytes(row["seal"]) for row in stored)
        rows.update_many({}, {"$set": {"sealed_for": ["everyone"]}})
    first, second = await storage.originals.of_session(session.id)
    with pytest.raises(Damaged):
        await storage.originals.opened(first)
    as_kept = replace(first, sealed_for=KEEPING.sealed_for)
    assert await storage.originals.opened(as_kept)
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        rows = client[database_name][ORIGINALS]
        rows.update_one({"_id": first.id}, {"$set": {"seal": stored[1]["seal"]}})
    with pytest.raises(Damaged):
        await storage.originals.opened(as_kept)
    await storage.originals.remove([second.id])
    with pytest.raises(ContentErased):
        await storage.originals.opened(second)


async def test_those_of_a_day_are_found_by_their_sessions(storage: MongoStorage) -> None:
    session, later = a_session(NOW), a_session(NOW + timedelta(days=1))
    key = await storage.data_keys.of(session.identity.key)
    for one in (session, later):
        await write(storage, *keeping(one.id, Side.REQUEST, KEPT[:1], key))
    between = await storage.originals.between("", later.id)
    assert between == (f"{session.id}:request:0001",)
    await storage.originals.remove(between)
    assert await storage.originals.of_session(session.id) == ()
    assert len(await storage.originals.of_session(later.id)) == 1
