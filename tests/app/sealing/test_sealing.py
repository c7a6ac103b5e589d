"""Stored bodies and answers open with the right key and in their own place, or not at all."""

from __future__ import annotations

import asyncio
import base64
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from app.domain.record.session import Chunk
from app.domain.record.session_facts import Conversation
from app.errors import BadSettings, ContentErased, Damaged
from app.sealing.data_keys import DataKeys
from app.sealing.local import LocalMasterKeys, parsed_keys
from app.storage.store import MongoStorage
from tests.app.storage.test_mongo import ALICE, NOW, a_session
from tests.sealing import MASTER, put_body
from tests.written import append_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

SECRET = b"the launch is on Tuesday"
GOOD = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def rows(mongodb_uri: str, database_name: str) -> Iterator[Database[dict[str, Any]]]:
    """The documents as somebody sees them who holds the database."""
    with closing(MongoClient[dict[str, Any]](mongodb_uri)) as client:
        yield client[database_name]


async def test_who_holds_the_database_alone_reads_nothing_and_moves_nothing(
    storage: MongoStorage, rows: Database[dict[str, Any]]
) -> None:
    one, other = a_session(NOW), a_session(NOW)
    [name] = await put_body(storage, one, SECRET)
    [moved] = await put_body(storage, other, b"another body")
    await append_chunks(storage, one.id, [Chunk(0, 1, SECRET), Chunk(1, 2, SECRET)])
    await append_chunks(storage, other.id, [Chunk(0, 1, b"another answer")])
    everything = str([list(rows[known].find()) for known in rows.list_collection_names()])
    assert SECRET.decode() not in everything
    assert await storage.pieces.get([name]) == (SECRET,)
    assert [chunk.data for chunk in await storage.sessions.chunks(one.id)] == [SECRET, SECRET]
    for collection, to in (("pieces", moved), ("chunks", f"{other.id}:00000000")):
        taken = rows[collection].find_one({"_id": {"$ne": to}})
        assert taken is not None
        rows[collection].update_one({"_id": to}, {"$set": {"seal": taken["seal"]}})
    with pytest.raises(Damaged, match="was changed"):
        await storage.pieces.get([moved])
    with pytest.raises(Damaged, match="was changed"):
        await storage.sessions.chunks(other.id)


async def test_what_was_stored_before_it_was_sealed_is_read_as_it_is(
    storage: MongoStorage, rows: Database[dict[str, Any]]
) -> None:
    rows["pieces"].insert_one({"_id": "old", "data": SECRET})
    chunk = {"seq": 0, "offset_ms": 1, "data": SECRET, "withheld": False}
    rows["chunks"].insert_one({"_id": "s:00000000", "chunks": [chunk]})
    assert await storage.pieces.get(["old"]) == (SECRET,)
    assert await storage.sessions.chunks("s") == (Chunk(0, 1, SECRET),)


async def test_the_same_is_stored_once_in_a_conversation_of_one_person_on_one_day(
    storage: MongoStorage,
) -> None:
    talk = Conversation("c1", "c1", "header")
    said = [
        a_session(NOW, conversation=talk),
        a_session(NOW, conversation=talk),
        a_session(NOW, conversation=replace(talk, id="c2")),
        a_session(NOW, conversation=talk, identity=replace(ALICE, subject="bob")),
        a_session(NOW + timedelta(days=1), conversation=talk),
        a_session(NOW),
    ]
    names = [await put_body(storage, session, SECRET) for session in said]
    assert names[0] == names[1]
    assert len(set(names)) == len(said) - 1


async def test_a_retired_key_seals_nothing_more_and_a_destroyed_one_opens_nothing(
    storage: MongoStorage,
) -> None:
    first = await storage.data_keys.of("alice")
    session = a_session(NOW)
    [name] = await put_body(storage, session, SECRET)
    key = await storage.data_keys.of(session.identity.key)
    await storage.keys.retire(first.id, NOW)
    await storage.keys.destroy(key.id, "tombstone 7")
    await storage.data_keys.look()
    assert (await storage.data_keys.of("alice")).id != first.id
    with pytest.raises(ContentErased, match="tombstone 7"):
        await storage.pieces.get([name])


async def test_of_more_keys_than_may_be_open_those_are_closed_that_were_used_longest_ago(
    storage: MongoStorage,
) -> None:
    keys = DataKeys(storage.keys, MASTER, most_open=3)
    ids = {person: (await keys.of(person)).id for person in ("alice", "bob", "carol")}
    await keys.of("alice")
    await keys.opened([ids["bob"]])
    ids["dana"] = (await keys.of("dana")).id
    assert {person for person, key_id in ids.items() if keys.is_open(key_id)} == {
        *("alice", "bob", "dana"),
    }
    assert (await keys.of("carol")).id == ids["carol"]


async def test_two_processes_take_the_same_new_key(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    with closing(MongoStorage.connect(mongodb_uri, database_name, MASTER)) as other:
        both = await asyncio.gather(*(s.data_keys.of("alice") for s in (storage, other)))
        await storage.data_keys.look()
        again = [await s.data_keys.of("alice") for s in (storage, other)]
    assert len({key.id for key in both}) in (1, 2)
    assert {key.id for key in again} <= {key.id for key in both}
    opened = await storage.data_keys.opened([key.id for key in both])
    assert len(opened) == len({key.id for key in both})


@pytest.mark.parametrize(
    "master",
    [None, LocalMasterKeys({"other": b"o" * 32}), LocalMasterKeys({"test": b"o" * 32})],
    ids=["none", "another", "another under the same id"],
)
async def test_a_process_without_the_key_does_not_start(
    storage: MongoStorage, mongodb_uri: str, database_name: str, master: LocalMasterKeys | None
) -> None:
    await storage.data_keys.of("alice")
    with (
        closing(MongoStorage.connect(mongodb_uri, database_name, master)) as without,
        pytest.raises(BadSettings, match="master key"),
    ):
        await without.data_keys.check()


@pytest.mark.parametrize(
    "given",
    ["nokey", "id:short", f"a b:{GOOD}", f"x:{GOOD},x:{GOOD}", f"vault-1:{GOOD}"],
    ids=["no key", "short", "blank", "twice", "reserved"],
)
def test_keys_that_cannot_be_read_are_told_without_showing_them(given: str) -> None:
    with pytest.raises(BadSettings, match="ABEYANCE_RECORD_KEYS") as fault:
        parsed_keys(given)
    assert GOOD not in str(fault.value)
    assert parsed_keys(f"new:{GOOD},\nold:{GOOD}") == {"new": b"k" * 32, "old": b"k" * 32}
