"""Which tools have changed, on a real database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.event import EventKind
from app.storage.store import MongoStorage
from app.wire.mcp.descriptions import Description
from policies.mcp.changes import CHANGED
from proxy.mcp.tools import Tools
from tests.app.storage.test_mongo import ALICE, JOB

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.identity import Identity

SESSION = "01k8m2qpq816sfby2m83dx9pe9"


@dataclass
class Server:
    """A server's tools as callers list and call them."""

    storage: MongoStorage
    tools: Tools
    said: dict[str, str] = field(default_factory=dict)

    async def listed(self, *names: str, by: Identity = ALICE, over: str = "ops") -> None:
        said = [Description(name, {"description": self.said[name]}) for name in names]
        await self.tools.learn(over, by, SESSION, said, mask=lambda text: text.replace("key", "•"))

    async def held(self, *names: str, by: Identity = ALICE, over: str = "ops") -> list[str]:
        fired = await self.tools.judge(over, by, names, ["managers"])
        assert {rule.rule for rule in fired} <= {CHANGED}
        return [rule.title.split()[5] for rule in fired]

    async def told(self) -> list[tuple[EventKind, str]]:
        entries = sorted(await self.storage.ledger.entries(SESSION), key=lambda e: e.seq)
        return [(entry.event.kind, str(entry.event.data["tool"])) for entry in entries]


@asynccontextmanager
async def serving(storage: MongoStorage) -> AsyncIterator[Server]:
    ledger = ChainedLedger(storage.ledger, "test")
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(ledger.run())
        tools = Tools(storage.tools, storage.holds, ledger, SystemClock())
        yield Server(storage, tools, {"get": "Get.", "put": "Put the key."})
        writing.cancel()


async def test_what_is_seen_first_is_trusted_and_written_down_once(storage: MongoStorage) -> None:
    async with serving(storage) as server:
        assert await server.held("get") == []
        await server.listed("get", "put")
        await server.listed("get", "put", by=JOB)
        assert await server.held("get", "put") == []
        trusted = EventKind.TOOL_TRUSTED
        assert sorted(await server.told()) == [(trusted, "get"), (trusted, "put")]


async def test_a_change_is_held_for_whoever_has_seen_it_and_written_down(
    storage: MongoStorage,
) -> None:
    async with serving(storage) as server:
        await server.listed("get", "put")
        await server.listed("get", "put", by=JOB)
        server.said["put"] = "Put all."
        await server.listed("get", "put")
        assert await server.held("get", "put") == ["put"]
        assert await server.held("put", by=JOB) == []
        nobody = replace(ALICE, subject="u-new")
        assert await server.held("get", "put", by=nobody) == ["put"]
        assert (await server.told())[-1] == (EventKind.TOOL_CHANGED, "put")


async def test_what_a_page_or_another_connection_does_not_name_has_not_changed(
    storage: MongoStorage,
) -> None:
    async with serving(storage) as server:
        await server.listed("get")
        await server.listed("put")
        assert await server.held("get", "put") == []
        server.said["put"] = "Put all."
        await server.listed("put", over="other")
        assert await server.held("put") == await server.held("put", over="other") == []


async def test_a_tool_that_is_described_as_before_is_not_held_any_more(
    storage: MongoStorage,
) -> None:
    async with serving(storage) as server:
        await server.listed("put")
        before, server.said["put"] = server.said["put"], "Put all."
        await server.listed("put")
        assert await server.held("put") == ["put"]
        server.said["put"] = before
        await server.listed("put")
        assert await server.held("put") == []


async def test_what_is_kept_of_a_description_is_masked(storage: MongoStorage) -> None:
    async with serving(storage) as server:
        await server.listed("put")
        server.said["put"] = "Put another key."
        await server.listed("put")
        [fired] = await server.tools.judge("ops", ALICE, ["put"], ["managers"])
        shown = [excerpt.before + excerpt.words + excerpt.after for excerpt in fired.excerpts]
        assert shown == [
            "description, before: Put the •.",
            "description, now: Put another •.",
        ]


async def test_what_is_not_listed_for_months_is_forgotten_but_not_what_is_trusted(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    with MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        rows = client[database_name]
        versions, views = rows["tool_versions"], rows["tool_views"]
        async with serving(storage) as server:
            await server.listed("put")
            server.said["put"] = "Put all."
            await server.listed("put")
            for collection in (versions, views):
                assert collection.index_information()["until_1"]["expireAfterSeconds"] == 0
            old = {"until": datetime(2026, 1, 1, tzinfo=UTC)}
            versions.update_many({}, {"$set": old})
            await server.listed("put")
            assert versions.count_documents(old) == 1  # the one that is not listed any more
            versions.delete_many({})
            views.delete_many({})
            assert await server.held("put") == ["put"]
            await server.listed("put")
            assert versions.count_documents({}) == 1
            assert await server.held("put") == ["put"]
