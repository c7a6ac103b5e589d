"""The record sealed by a key service: it never gives its keys out, and may be away."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.errors import BadSettings, ContentErased, KeysUnavailable
from app.retention.erasing import Eraser
from app.retention.purging import Purger
from app.sealing.choosing import master_keys
from app.sealing.master import Succession
from app.sealing.rotation import rotated
from app.settings import Settings
from app.storage.store import MongoStorage
from tests.app.storage.test_mongo import ALICE, NOW, a_session
from tests.sealing import MASTER, put_body
from tests.transit import Transit, a_transit
from tests.written import open_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SECRET = b"the launch is on Tuesday"


@pytest.fixture
def transit(tmp_path: Path) -> Iterator[Transit]:
    transit = a_transit(tmp_path)
    with transit.serving():
        yield transit


@asynccontextmanager
async def sealed_by(
    transit: Transit, mongodb_uri: str, database_name: str
) -> AsyncIterator[MongoStorage]:
    """A process of its own: it has no data key open."""
    settings = transit.settings_of(mongodb_uri, database_name)
    with closing(MongoStorage.connect(mongodb_uri, database_name, master_keys(settings))) as opened:
        await opened.prepare()
        yield opened


async def test_the_database_has_data_keys_only_as_the_service_wrapped_them_for_their_person(
    transit: Transit, mongodb_uri: str, database_name: str
) -> None:
    session = a_session(NOW)
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        [name] = await put_body(storage, session, SECRET)
        [key] = await storage.keys.of_person(session.identity.key)
        assert (key.master, key.wrapped[:9]) == ("transit:abeyance:v1", b"vault:v1:")
    with closing(MongoClient[dict[str, Any]](mongodb_uri)) as client:
        rows = client[database_name]
        everything = str([list(rows[known].find()) for known in rows.list_collection_names()])
        assert SECRET.decode() not in everything
        async with sealed_by(transit, mongodb_uri, database_name) as storage:
            await storage.data_keys.check()
            assert await storage.pieces.get([name]) == (SECRET,)
        rows["data_keys"].update_one({"_id": key.id}, {"$set": {"person": "somebody else"}})
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        with pytest.raises(BadSettings, match="was changed"):
            await storage.data_keys.check()


async def test_a_data_key_is_asked_for_once_and_then_kept_in_memory(
    transit: Transit, mongodb_uri: str, database_name: str
) -> None:
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        for _ in range(5):
            await put_body(storage, a_session(NOW), SECRET)
        assert transit.asked == ["encrypt", "decrypt"]


def encoded(plain: bytes) -> str:
    return json.dumps({"data": {"plaintext": base64.b64encode(plain).decode()}})


NO_ANSWER = {
    "nothing": "",
    "a page": "<html>",
    "no object": "[]",
    "no data": "{}",
    "data of another kind": '{"data": "text"}',
    "deep": "[" * 100_000,
    "empty": '{"data": {}}',
}


@pytest.mark.parametrize(
    "said",
    [
        *(pytest.param(said, id=name) for name, said in NO_ANSWER.items()),
        pytest.param('{"data": {"plaintext": null}}', id="null"),
        pytest.param('{"data": {"plaintext": ""}}', id="empty text"),
        pytest.param('{"data": {"plaintext": 12345678}}', id="a number"),
        pytest.param('{"data": {"plaintext": "None"}}', id="short"),
        pytest.param('{"data": {"plaintext": "é"}}', id="no base64"),
        pytest.param(encoded(bytes(31)), id="31 bytes"),
        pytest.param(encoded(bytes(33)), id="33 bytes"),
        pytest.param(encoded(bytes(32)), id="another key"),
    ],
)
async def test_nothing_is_sealed_with_an_answer_that_is_not_the_data_key(
    transit: Transit, mongodb_uri: str, database_name: str, said: str
) -> None:
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        transit.instead["decrypt"] = said
        for refused in (storage.data_keys.check(), put_body(storage, a_session(NOW), SECRET)):
            with pytest.raises(KeysUnavailable):
                await refused
        assert await storage.keys.of_person(ALICE.key) == ()


@pytest.mark.parametrize(
    "said",
    [
        *(pytest.param(said, id=name) for name, said in NO_ANSWER.items()),
        pytest.param('{"data": {"ciphertext": null}}', id="null"),
        pytest.param('{"data": {"ciphertext": "vault:v1:"}}', id="no ciphertext"),
        pytest.param('{"data": {"ciphertext": "vault:v1:AA==\\n"}}', id="a line more"),
    ],
)
async def test_no_data_key_is_made_where_the_service_gives_no_ciphertext(
    transit: Transit, mongodb_uri: str, database_name: str, said: str
) -> None:
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        transit.instead["encrypt"] = said
        with pytest.raises(KeysUnavailable, match=r"ciphertext|no Transit"):
            await put_body(storage, a_session(NOW), SECRET)


@pytest.mark.parametrize(
    "said",
    [
        *(pytest.param(said, id=name) for name, said in NO_ANSWER.items()),
        pytest.param('{"data": {"type": "aes256-gcm96", "keys": ["1"]}}', id="a list"),
        pytest.param('{"data": {"type": "aes256-gcm96", "keys": {}}}', id="no versions"),
    ],
)
async def test_a_process_does_not_start_where_the_service_names_no_versions(
    transit: Transit, mongodb_uri: str, database_name: str, said: str
) -> None:
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        transit.instead["keys"] = said
        with pytest.raises(KeysUnavailable):
            await storage.data_keys.check()


async def test_a_rotation_keeps_the_old_wrapped_key_where_the_new_one_opens_to_another(
    transit: Transit, storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    await put_body(storage, a_session(NOW), SECRET)
    before = await storage.keys.of_person(ALICE.key)
    both = Succession(master_keys(transit.settings_of(mongodb_uri, database_name)), MASTER)
    transit.instead["decrypt"] = encoded(bytes(32))
    with pytest.raises(KeysUnavailable, match="another data key"):
        [_ async for _ in rotated(storage.keys, both)]
    assert await storage.keys.of_person(ALICE.key) == before


async def test_while_the_service_is_away_nothing_new_is_sealed_and_open_keys_go_on(
    tmp_path: Path, mongodb_uri: str, database_name: str
) -> None:
    transit, person = a_transit(tmp_path), a_session(NOW)
    stranger = a_session(NOW, identity=replace(ALICE, subject="bob"))
    with transit.serving():
        async with sealed_by(transit, mongodb_uri, database_name) as storage:
            [name] = await put_body(storage, person, SECRET)
    async with sealed_by(transit, mongodb_uri, database_name) as behind:
        for refused in (behind.data_keys.check(), put_body(behind, stranger, SECRET)):
            with pytest.raises(KeysUnavailable, match="no answer"):
                await refused
        with pytest.raises(KeysUnavailable, match="no answer"):
            await behind.pieces.get([name])
        with transit.serving():
            assert await behind.pieces.get([name]) == (SECRET,)
            await put_body(behind, person, SECRET)
        await put_body(behind, person, b"another")
        with pytest.raises(KeysUnavailable):
            await put_body(behind, stranger, SECRET)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"token": "hvs.renewed"}, "policy allows the path .status 403"),
        ({"kind": "rsa-4096"}, "aes256-gcm96"),
    ],
    ids=["token", "type of key"],
)
async def test_what_is_wrong_with_the_service_is_said_and_a_renewed_token_is_taken(
    transit: Transit, mongodb_uri: str, database_name: str, broken: dict[str, str], said: str
) -> None:
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        for name, value in broken.items():
            setattr(transit, name, value)
        with pytest.raises((KeysUnavailable, BadSettings), match=said) as fault:
            await storage.data_keys.check()
        assert "hvs." not in str(fault.value)
        transit.token_file.write_text(transit.token)
        transit.kind = "aes256-gcm96"
        await storage.data_keys.check()


@pytest.mark.parametrize(
    ("broken", "kind", "said"),
    [
        ({"oldest": 2}, BadSettings, "does not have it.*min_decryption_version"),
        ({"versions": {0: bytes(32)}}, BadSettings, "does not have it"),
        ({"versions": {1: bytes(32)}}, BadSettings, "was changed"),
        ({"refuses": "invalid ciphertext: could not decode base64"}, BadSettings, "was changed"),
        ({"refuses": "missing client token"}, KeysUnavailable, "TOKEN_FILE"),
        ({"refuses": "encryption key not found"}, KeysUnavailable, "no such key"),
        ({"refuses": "unable to decrypt vault:v1:quoted"}, KeysUnavailable, "status 400"),
    ],
    ids=["too old", "too new", "another key", "invalid", "no token", "no key", "unknown"],
)
async def test_a_refusal_is_told_for_what_it_is_and_not_always_as_tampering(
    transit: Transit,
    mongodb_uri: str,
    database_name: str,
    broken: dict[str, Any],
    kind: type[Exception],
    said: str,
) -> None:
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        [name] = await put_body(storage, a_session(NOW), SECRET)
        storage.data_keys.forget()
        for field, value in broken.items():
            setattr(transit, field, value)
        with pytest.raises(kind, match=said) as fault:
            await storage.pieces.get([name])
        assert ("was changed" in str(fault.value)) == ("was changed" in said)
        assert "quoted" not in str(fault.value)


@pytest.mark.parametrize("token", ["", "\n", None], ids=["empty", "a blank line", "no file"])
async def test_a_token_that_is_not_there_yet_is_no_fault_of_the_record(
    transit: Transit, mongodb_uri: str, database_name: str, token: str | None
) -> None:
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        [name] = await put_body(storage, a_session(NOW), SECRET)
        storage.data_keys.forget()
        if token is None:
            transit.token_file.unlink()
        else:
            transit.token_file.write_text(token)
        with pytest.raises(KeysUnavailable, match="ABEYANCE_TRANSIT_TOKEN_FILE"):
            await storage.pieces.get([name])
        transit.token_file.write_text(transit.token)
        assert await storage.pieces.get([name]) == (SECRET,)


async def test_after_a_version_is_rotated_and_everything_wrapped_again_the_old_one_may_go(
    transit: Transit, mongodb_uri: str, database_name: str
) -> None:
    session = a_session(NOW)
    settings = transit.settings_of(mongodb_uri, database_name)
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        [name] = await put_body(storage, session, SECRET)
        transit.rotate()
        master = master_keys(settings)
        assert await master.ids() == ("transit:abeyance:v2", "transit:abeyance:v1")
        assert [count async for count in rotated(storage.keys, master)] == [1]
        transit.oldest = 2
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        await storage.data_keys.check()
        assert await storage.pieces.get([name]) == (SECRET,)
        transit.rotate()
        transit.oldest = 3
        with pytest.raises(BadSettings, match=r"transit:abeyance:v2.*min_decryption_version"):
            await storage.data_keys.check()


async def test_keys_of_the_settings_open_what_they_wrapped_until_the_service_has_all(
    transit: Transit, storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    session = a_session(NOW)
    [name] = await put_body(storage, session, SECRET)
    both = Succession(master_keys(transit.settings_of(mongodb_uri, database_name)), MASTER)
    with closing(MongoStorage.connect(mongodb_uri, database_name, both)) as moving:
        await moving.data_keys.check()
        assert await moving.pieces.get([name]) == (SECRET,)
        assert [count async for count in rotated(moving.keys, both)] == [1]
    async with sealed_by(transit, mongodb_uri, database_name) as moved:
        await moved.data_keys.check()
        assert await moved.pieces.get([name]) == (SECRET,)


async def test_a_person_is_erased_though_the_service_is_away(
    tmp_path: Path, mongodb_uri: str, database_name: str
) -> None:
    transit = a_transit(tmp_path)
    session = a_session(NOW)
    with transit.serving():
        async with sealed_by(transit, mongodb_uri, database_name) as storage:
            await open_session(storage, session)
            [name] = await put_body(storage, session, SECRET)
    async with sealed_by(transit, mongodb_uri, database_name) as storage:
        ledger, clock = ChainedLedger(storage.ledger, "test"), SystemClock()
        eraser = Eraser(storage, ledger, Purger(storage, ledger, clock, "test"), clock)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(ledger.run())
            [_ async for _ in eraser.erase(ALICE, "test", "her request")]
            running.cancel()
        with transit.serving(), pytest.raises(ContentErased):
            await storage.pieces.get([name])
        assert transit.asked == ["encrypt", "decrypt"]


def test_a_service_without_its_token_is_told_at_the_start() -> None:
    given: dict[str, Any] = {"transit_url": "https://vault.example.com:8200"}
    with pytest.raises(BadSettings, match="ABEYANCE_TRANSIT_TOKEN_FILE"):
        master_keys(Settings(**given))
