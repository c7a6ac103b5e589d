"""What the driver is told, what it raises, and how long it may take."""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
import re
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import bson.errors
import pymongo.errors
import pytest
from pymongo import MongoClient

import app.storage
from app.domain.notice import Notice, NoticeKind
from app.errors import AbeyanceError, BadSettings, StorageUnavailable, Superseded, Unstorable
from app.storage.driver import ENDS_SECONDS, PING_SECONDS, REPLY_SECONDS, Server, mapped_errors
from app.storage.embedded import embedded_uri
from app.storage.mongo import Collection, Database, Index
from app.storage.roles import OF_EACH, PURGING, SERVING, STREAM
from app.storage.store import MongoStorage
from tests.app.storage.samples import GRANT, HOLD, NOW, SAMPLES, SESSION
from tests.app.storage.test_mongo import ALICE
from tests.conftest import NOBODY
from tests.lossy import READS, WRITES, lossy_proxy, opened
from tests.sealing import MASTER

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE = Path(__file__).parents[3] / "docs" / "database.md"
ACTIONS = {"find": "find", "insert": "insert", "update": "update", "delete": "remove"}
ENDING = {
    *("pieces.remove", "pages.remove", "statements.remove", "marks.remove_of", "holds.remove"),
    *("notices.remove_of", "sessions.remove", "sessions.remove_chunks", "keys.retire"),
    *("keys.destroy", "keys.rewrap", "originals.remove", "originals.remove_of"),
    "grants.remove",
}
"""What only those call who end content; gateway and bot have no right to."""
NOTICE = Notice("n", "h", NoticeKind.CARD, "C1")


@pytest.fixture
def rows(mongodb_uri: str, database_name: str) -> Iterator[Collection[Notice]]:
    database = Database(mongodb_uri, database_name)
    yield database.collection("rows", Notice)
    database.close()


def raised_by_the_driver() -> Iterator[Exception]:
    """An error of every class that it has."""
    for module in (pymongo.errors, bson.errors):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, (pymongo.errors.PyMongoError, bson.errors.BSONError)):
                error = kind.__new__(kind)
                Exception.__init__(error, "in words")
                for name in ("_OperationFailure__code", "_OperationFailure__details"):
                    setattr(error, name, None)
                yield error


@pytest.mark.parametrize(
    "error", list(raised_by_the_driver()), ids=lambda error: type(error).__name__
)
def test_no_error_of_the_driver_leaves_the_storage(error: Exception) -> None:
    with pytest.raises(StorageUnavailable), mapped_errors():
        raise error


def test_every_error_of_the_storage_is_in_the_tree() -> None:
    found = pkgutil.walk_packages(app.storage.__path__, "app.storage.")
    modules = [import_module(module.name) for module in found]
    assert "app.storage.record.sessions" in [module.__name__ for module in modules]
    errors = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__.startswith("app.")
    }
    assert errors
    assert all(issubclass(kind, AbeyanceError) for kind in errors)


async def test_what_cannot_be_written_says_so(storage: MongoStorage) -> None:
    for statement in ("x" * 17_000_000, "\ud800"):
        with pytest.raises(Unstorable):
            await storage.statements.put("key", statement, NOW)


async def test_a_number_that_does_not_fit_says_so(rows: Collection[Notice]) -> None:
    with pytest.raises(Unstorable):
        await rows.insert({"_id": "a", "n": 1 << 64})


async def test_several_that_meet_another_of_the_same_id_say_so(rows: Collection[Notice]) -> None:
    await rows.insert({"_id": "b", "n": 1})
    with pytest.raises(Unstorable, match="another document under this id"):
        await rows.insert({"_id": "a", "n": 1}, {"_id": "b", "n": 2}, {"_id": "c", "n": 3})


async def test_the_uri_cannot_weaken_what_is_acknowledged_or_read(
    mongodb_uri: str, database_name: str
) -> None:
    kept, _, _ = mongodb_uri.partition("?")
    weak = "w=0&journal=false&wTimeoutMS=0&readConcernLevel=local&readPreference=secondary"
    async with lossy_proxy(f"{kept}?directConnection=true&{weak}") as (proxy, uri):
        storage = MongoStorage.connect(uri, database_name)
        await storage.notices.ensure(NOTICE)
        await storage.notices.lease(NOTICE, by="me", now=NOW, until=NOW)
        await storage.ledger.insert((), [storage.sessions.opening(SESSION)])
        await asyncio.to_thread(storage.close)
    for write in ("insert", "update", "bulkWrite"):
        assert proxy.asked[write]["writeConcern"] == {"w": "majority", "j": True}
    assert proxy.asked["find"]["readConcern"] == {"level": "majority"}
    # As a direct connection always asks; a secondary would be asked for by its name.
    assert proxy.asked["find"]["$readPreference"] == {"mode": "primaryPreferred"}
    # It bounds the wait for the majority, too.
    assert all("maxTimeMS" in proxy.asked[name] for name in ("insert", "bulkWrite", "find"))


@pytest.mark.parametrize(("said", "seconds"), [("", 15), ("&serverSelectionTimeoutMS=700", 0.7)])
def test_choosing_a_server_takes_fifteen_seconds_where_the_uri_does_not_say(
    said: str, seconds: float
) -> None:
    server = Server(f"mongodb://127.0.0.1:1/?directConnection=true{said}")
    assert server.patience_seconds == seconds
    assert server.client.delegate.options.server_selection_timeout == seconds


def test_every_operation_ends_within_five_seconds_and_readiness_within_one() -> None:
    server = Server("mongodb://127.0.0.1:1/?directConnection=true")
    pool = server.client.delegate.options.pool_options
    assert ENDS_SECONDS == 5
    assert REPLY_SECONDS == pool.connect_timeout == 4
    assert PING_SECONDS == 1
    # The change stream's own; each other call says how long it has.
    assert pool.socket_timeout == 10


@pytest.mark.parametrize(
    ("uri", "retries"), [(embedded_uri(1), False), ("mongodb://db.example:1/?tls=true", True)]
)
def test_the_driver_repeats_writes_but_not_on_the_embedded_server(
    uri: str, *, retries: bool
) -> None:
    assert Server(uri).client.delegate.options.retry_writes is retries


async def test_a_duplicate_among_writes_that_are_not_confirmed_is_no_success(
    rows: Collection[Notice], mongodb_uri: str, database_name: str
) -> None:
    await rows.insert({"_id": "b"})
    async with lossy_proxy(mongodb_uri) as (proxy, uri):
        database = Database(uri, database_name)
        proxy.doubt(WRITES)
        try:
            with pytest.raises(StorageUnavailable, match="majority"):
                await database.collection("rows", Notice).insert({"_id": "a"}, {"_id": "b"})
        finally:
            await asyncio.to_thread(database.close)


async def test_people_are_found_by_their_groups_through_an_index(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    await storage.people.saw(replace(ALICE, groups=frozenset({"payments"})), NOW)
    async with lossy_proxy(mongodb_uri) as (proxy, uri), opened(uri, database_name) as behind:
        assert len(await behind.people.in_groups(["payments", "risk"])) == 1
    asked = {name: proxy.asked["find"][name] for name in ("find", "filter", "sort")}
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        plan = client[database_name].command("explain", asked)
    assert "'keyPattern': {'groups': 1}" in str(plan["queryPlanner"]["winningPlan"])


@pytest.mark.parametrize(
    "uri", ["mongodb://", "http://x", "mongodb://a:s3@cret@h/", "mongodb://h:x/"]
)
def test_a_uri_that_is_none_says_what_to_do_and_does_not_quote_it(uri: str) -> None:
    with pytest.raises(BadSettings, match="percent-encoded") as refused:
        Database(uri, "d")
    assert "cret" not in str(refused.value)


async def test_who_waits_for_a_server_shares_one_search(database_name: str) -> None:
    away = MongoStorage.connect(NOBODY, database_name)
    calls = [away.holds.get(str(n)) for n in range(200)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(error) for error in ended} == {StorageUnavailable}
    away.close()


async def test_a_server_that_is_away_for_a_moment_is_a_pause_and_readiness_says_so(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    await storage.grants.put(GRANT)
    async with lossy_proxy(mongodb_uri) as (proxy, uri), opened(uri, database_name) as behind:
        assert await behind.grants.get(GRANT.id) == GRANT
        proxy.lose(READS, 1, silently=True)
        under_way = asyncio.ensure_future(behind.grants.get(GRANT.id))
        await proxy.losing.wait()
        port = urlsplit(uri).port or 0
        await proxy.go_away()
        begun = [
            asyncio.ensure_future(behind.notices.ensure(NOTICE)),
            asyncio.ensure_future(behind.grants.get(GRANT.id)),
        ]
        for _ in range(2):
            with pytest.raises(StorageUnavailable):
                await behind.ping()
        assert not any(call.done() for call in (under_way, *begun))
        await proxy.listen(port)
        assert await asyncio.gather(under_way, *begun) == [GRANT, NOTICE, GRANT]
        await behind.ping()


async def test_a_quiet_change_stream_asks_again_before_its_socket_times_out(
    mongodb_uri: str, database_name: str
) -> None:
    async with lossy_proxy(mongodb_uri) as (proxy, uri):
        storage, opened = MongoStorage.connect(uri, database_name), asyncio.Event()
        stream = storage.holds.watch(opened)
        first = asyncio.ensure_future(anext(stream))
        await opened.wait()
        await storage.holds.open(HOLD)
        assert await first == HOLD
        await stream.aclose()
        await asyncio.to_thread(storage.close)
    assert proxy.asked["getMore"]["maxTimeMS"] == 1000


async def test_an_index_whose_definition_has_changed_is_replaced(rows: Collection[Notice]) -> None:
    await rows.prepare(Index(("groups",), unique=True))
    await rows.prepare(Index(("groups",), unique=True))
    for name in ("a", "b"):
        await rows.insert({"_id": name, "groups": name})
    with pytest.raises(Unstorable):
        await rows.insert({"_id": "c", "groups": "a"})
    await rows.prepare(Index(("groups",)))
    await rows.insert({"_id": "c", "groups": "a"})


@pytest.mark.parametrize("silently", [False, True], ids=["told", "silent"])
async def test_an_index_that_takes_long_is_waited_for(
    mongodb_uri: str, database_name: str, *, silently: bool
) -> None:
    async with lossy_proxy(mongodb_uri) as (proxy, uri):
        database = Database(uri, database_name)
        if silently:
            proxy.lose({"createIndexes"}, 1, silently=True)
        else:
            proxy.run_out_of_time({"createIndexes"}, 1)
        await database.collection("rows", Notice).prepare(Index(("groups",)))
        assert await database.collection("rows", Notice).has(Index(("groups",)))
        await asyncio.to_thread(database.close)
    assert proxy.asked["createIndexes"]["maxTimeMS"] > ENDS_SECONDS * 1000 * 60


async def test_an_index_of_a_server_that_has_gone_silent_is_not_waited_for(
    mongodb_uri: str, database_name: str
) -> None:
    async with lossy_proxy(mongodb_uri) as (proxy, uri):
        database = Database(uri, database_name)
        await database.ping()
        proxy.lose({"createIndexes", "ping"}, 9, silently=True)
        with pytest.raises(StorageUnavailable):
            await database.collection("rows", Notice).prepare(Index(("groups",)))
        await asyncio.to_thread(database.close)


async def test_only_active_grants_of_this_person_are_found(storage: MongoStorage) -> None:
    await storage.grants.put(GRANT)
    assert await storage.grants.of([GRANT.covers.identity_key], NOW) == (GRANT,)
    assert await storage.grants.of([GRANT.covers.identity_key], GRANT.expires_at) == ()
    assert await storage.grants.of(["other"], NOW) == ()
    assert await storage.grants.use(GRANT.id, SESSION.id, NOW, GRANT.expires_at)
    assert await storage.grants.revoke(GRANT.id, by="Maria", now=NOW)
    assert await storage.grants.of([GRANT.covers.identity_key], NOW) == ()


def allowed() -> set[tuple[str, str]]:
    """Return action and collection, as docs/database.md lists them for a role."""
    rows = re.findall(r"^\| (`.*`) \| (`.*`) \|$", GUIDE.read_text(), re.MULTILINE)
    return {
        (action, collection)
        for collections, actions in rows
        for collection in re.findall(r"`(\w+)`", collections)
        for action in re.findall(r"`(\w+)`", actions)
    }


def test_the_role_that_is_printed_is_the_documented_one() -> None:
    roles = [*SERVING.items(), ("streams", set(STREAM["streams"]) - set(OF_EACH))]
    printed = {(action, rows) for rows, actions in roles for action in actions}
    assert printed == allowed()


def done(touched: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return action and collection; an update makes what is not there, so it inserts as well."""
    acted = {(ACTIONS[name], rows) for name, rows in touched if name in ACTIONS}
    return acted | {("insert", rows) for action, rows in acted if action == "update"}


async def test_the_documented_roles_let_every_method_do_what_it_does_and_nothing_more(
    mongodb_uri: str, database_name: str
) -> None:
    serving, ending = set[tuple[str, str]](), set[tuple[str, str]]()
    async with lossy_proxy(mongodb_uri) as (proxy, uri):
        storage = MongoStorage.connect(uri, database_name, MASTER)
        try:
            for name, sample in SAMPLES.items():
                proxy.touched.clear()
                for step in (sample.given, sample.call):
                    # What is there already may be in its way, but it has asked.
                    with suppress(Superseded, StorageUnavailable):
                        await step(storage)
                (ending if name in ENDING else serving).update(proxy.touched)
        finally:
            await asyncio.to_thread(storage.close)
    # Only the bot and the gateways watch, and no sample does.
    assert allowed() == done(serving) | {("changeStream", "holds")}
    purging = {(action, rows) for rows, actions in PURGING.items() for action in actions}
    assert done(ending) <= allowed() | purging
    # Who ends content also lifts legal holds, as auditors do on their page.
    lifting = {("remove", "legal_holds")}
    assert {one for one in purging if one[0] == "remove"} - lifting <= done(ending)


async def test_a_hold_that_cannot_be_opened_nor_found_is_given_up(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    database = Database(mongodb_uri, database_name)
    await database.collection("holds", Notice).prepare(Index(("digest",), unique=True))
    await storage.holds.open(HOLD)
    with pytest.raises(StorageUnavailable, match="again all the time"):
        await storage.holds.open(replace(HOLD, id="another", key="another"))
    database.close()
