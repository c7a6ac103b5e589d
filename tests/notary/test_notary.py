"""The notary on a real database, and what becomes of a ledger that was changed afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from app.audit.ledger import ChainedLedger
from app.audit.proof.heads import Head
from app.audit.proof.notes import PrivateKey
from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.notary_settings import NotarySettings
from notary.anchors import FileAnchor
from notary.book import OpenBook
from notary.collecting import Collector
from notary.notary import Notary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from pymongo.collection import Collection

    from app.storage.store import MongoStorage

KEY = PrivateKey("ledger.example/one", bytes(32))


@pytest.fixture
def rows(mongodb_uri: str, database_name: str) -> Iterator[Collection[dict[str, Any]]]:
    """The ledger's collection, in the hands of somebody who may write there."""
    with MongoClient[Any](mongodb_uri) as client:
        yield client[database_name]["ledger"]


@asynccontextmanager
async def notary_at(folder: Path, storage: MongoStorage) -> AsyncIterator[Notary]:
    book = OpenBook(folder / "notary", KEY)
    collector = Collector(storage.ledger, book.book.leaves(book.size))
    settings = NotarySettings(notary_folder=folder / "notary", notary_entries=1000)
    anchors = (FileAnchor(folder / "anchors.jsonl"),)
    yield Notary(book, collector, settings, anchors, (), SystemClock())
    book.close()


async def write(storage: MongoStorage, writer: str, count: int) -> None:
    ledger = ChainedLedger(storage.ledger, writer)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        for number in range(count):
            event = Event(EventKind.RULE_MARKED, SystemClock().now(), "", {"n": number})
            await ledger.append(event)
        running.cancel()


def heads(folder: Path) -> list[int]:
    lines = (folder / "notary/heads.jsonl").read_text().splitlines()
    return [Head.parse(json.loads(line)["checkpoint"]).size for line in lines]


async def test_what_is_new_is_signed_once_and_each_head_is_anchored(
    storage: MongoStorage, tmp_path: Path
) -> None:
    async with notary_at(tmp_path, storage) as notary:
        await write(storage, "bot", 3)
        assert await notary.sign() == 3
        assert await notary.sign() == 0
        await write(storage, "gateway", 2)
        assert await notary.sign() == 2
    async with notary_at(tmp_path, storage) as notary:
        assert await notary.sign() == 0
        await write(storage, "bot", 1)
        assert await notary.sign() == 1
    assert heads(tmp_path) == [3, 5, 6]
    assert len((tmp_path / "anchors.jsonl").read_text().splitlines()) == 3


async def test_what_does_not_fit_is_not_signed_and_other_chains_are(
    storage: MongoStorage, rows: Collection[dict[str, Any]], tmp_path: Path
) -> None:
    await write(storage, "bot", 3)
    await write(storage, "gateway", 2)
    rows.update_one(
        {"seq": 1, "chain": {"$gt": "bot/"}}, {"$set": {"event.data.n": 7}}, upsert=False
    )
    async with notary_at(tmp_path, storage) as notary:
        signed = await notary.sign()
    assert signed == 3, "one entry of the bot's chain, and both of the gateway's"


def abeyance(folder: Path, uri: str, database: str, *arguments: str) -> tuple[int, str]:
    env = {
        "MONGODB_URI": uri,
        "ABEYANCE_MONGODB_DATABASE": database,
        "ABEYANCE_NOTARY_FOLDER": str(folder / "notary"),
    }
    command = [sys.executable, "-m", "cli", "audit", *arguments]
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


async def test_a_changed_document_is_found_in_the_database_and_named(
    storage: MongoStorage,
    mongodb_uri: str,
    database_name: str,
    rows: Collection[dict[str, Any]],
    tmp_path: Path,
) -> None:
    await write(storage, "bot", 5)
    async with notary_at(tmp_path, storage) as notary:
        await notary.sign()
    await write(storage, "bot", 1)
    place = (tmp_path, mongodb_uri, database_name)
    code, said = abeyance(*place, "verify")
    assert (code, "No head covers 1 entry yet" in said) == (0, True), said
    bundle, anchors = str(tmp_path / "bundle.jsonl"), str(tmp_path / "anchors.jsonl")
    assert abeyance(*place, "export", bundle)[0] == 0
    (tmp_path / "keys").write_text(str(KEY.public))
    offline = (bundle, "--keys", str(tmp_path / "keys"), "--anchors", anchors)
    code, said = abeyance(tmp_path, "", "", "verify", *offline)
    assert (code, "5 entries in 1 chain," in said) == (0, True), said
    rows.update_one({"seq": 3}, {"$set": {"event.data.n": 9}})
    code, said = abeyance(*place, "verify", "--keys", str(tmp_path / "keys"))
    assert code == 1
    assert "number 3): its content was changed" in said
    rows.delete_one({"seq": 3})
    code, said = abeyance(*place, "verify", "--anchors", anchors)
    assert code == 1
    assert "number 3): the notary signed it, and it is not in the database" in said
