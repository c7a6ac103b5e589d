"""What is done but not answered: asking again must be harmless, for every method of every store."""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

import app.storage
from app.domain.hold import HoldEvent, HoldState
from app.domain.record.session import Chunk
from app.errors import StorageUnavailable, Superseded, Unstorable
from app.ids import new_token
from app.storage.driver import ENDS_SECONDS
from app.storage.store import MongoStorage
from tests.app.storage.samples import APPROVED, GRANT, HOLD, NOW, SAMPLES, VOTED, Sample
from tests.lossy import ALL, WRITES, Lossy, lossy_proxy, opened
from tests.written import append_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MANY = 1000
_CHANCE = ("reminded_at_by", "escalated_at_by", "seal")
"""Which process set a mark, and the nonce of what is sealed."""


@pytest.fixture(autouse=True)
def impatient_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the driver look for its server again at once, not after half a second."""
    monkeypatch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.001)


@asynccontextmanager
async def behind_a_proxy(
    uri: str, name: str, *, retries: bool
) -> AsyncIterator[tuple[Lossy, MongoStorage]]:
    """A storage of a driver that repeats by itself, or not."""
    kept, _, options = uri.partition("?")
    others = [option for option in options.split("&") if not option.startswith("retry")]
    # Polling, the driver finds out at once when a connection broke.
    said = f"retryWrites={retries}&retryReads={retries}".lower() + "&serverMonitoringMode=poll"
    address = f"{kept}?{'&'.join([*others, said])}"
    async with lossy_proxy(address) as (proxy, through), opened(through, name) as storage:
        yield proxy, storage


class Contents:
    """All documents of a database, looked at beside the product."""

    def __init__(self, uri: str, name: str) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(uri)
        self._database = self._client[name]

    def taken(self) -> dict[str, list[dict[str, Any]]]:
        """Return what is there, and leave nothing."""
        found = {}
        for name in sorted(self._database.list_collection_names()):
            rows = self._database[name].find(projection=dict.fromkeys(_CHANCE, 0))
            if documents := sorted(rows, key=lambda row: str(row["_id"])):
                found[name] = documents
            self._database[name].delete_many({})
        return found

    def close(self) -> None:
        self._client.close()


async def once(storage: MongoStorage, contents: Contents, sample: Sample) -> tuple[object, object]:
    """Return what one call returns, and what it leaves."""
    await sample.given(storage)
    result = await sample.call(storage)
    return result, await asyncio.to_thread(contents.taken)


def methods() -> set[str]:
    stores = vars(MongoStorage.connect("mongodb://127.0.0.1:1/"))
    return {
        f"{name}.{method}"
        for name, store in stores.items()
        if not name.startswith("_")
        for method, function in inspect.getmembers(type(store), inspect.iscoroutinefunction)
        if not method.startswith("_")
    }


def test_every_method_of_every_store_has_a_sample() -> None:
    assert methods() == set(SAMPLES)


def test_every_store_belongs_to_the_storage() -> None:
    found = pkgutil.walk_packages(app.storage.__path__, "app.storage.")
    modules = [import_module(module.name) for module in found]
    stores = {
        kind
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if name.startswith("Mongo")
    }
    known = {type(store) for store in vars(MongoStorage.connect("mongodb://127.0.0.1:1/")).values()}
    assert stores - known == {MongoStorage}


# A driver that repeats goes on until its time is over, where all replies are lost.
@pytest.mark.parametrize(("retries", "times"), [(True, 1), (False, 1), (False, MANY)])
async def test_a_call_that_is_repeated_is_one_call(
    storage: MongoStorage, mongodb_uri: str, database_name: str, *, retries: bool, times: int
) -> None:
    database, contents = (mongodb_uri, database_name), Contents(mongodb_uri, database_name)
    with closing(contents):
        async with behind_a_proxy(*database, retries=retries) as (proxy, behind):
            wrong = await differences(storage, proxy, behind, contents, times)
    assert wrong == {}


async def differences(
    storage: MongoStorage, proxy: Lossy, behind: MongoStorage, contents: Contents, times: int
) -> dict[str, object]:
    """Return what comes of each sample whose replies are lost so many times, if it is wrong."""
    wrong: dict[str, object] = {}
    for name, sample in SAMPLES.items():
        expected = await once(storage, contents, sample)
        await sample.given(behind)
        proxy.lose(ALL, times)
        try:
            first = await sample.call(behind)
        except StorageUnavailable:
            # One lost reply is made good by the storage itself.
            first = "nothing" if times == 1 else expected[0]
        lost = proxy.heal()
        try:
            second = await sample.call(behind)
        except (StorageUnavailable, Superseded) as error:
            second = error
        left = await asyncio.to_thread(contents.taken)
        if not lost or (first, second, left) != (expected[0], *expected):
            wrong[name] = lost, first, second, left, expected
    return wrong


async def test_a_write_that_the_majority_did_not_confirm_is_no_success(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    doubted, succeeded = set(), set()
    contents = Contents(mongodb_uri, database_name)
    with closing(contents):
        async with behind_a_proxy(mongodb_uri, database_name, retries=True) as (proxy, behind):
            for name, sample in SAMPLES.items():
                await sample.given(storage)
                proxy.doubt(WRITES)
                with suppress(StorageUnavailable):
                    await sample.call(behind)
                    succeeded.add(name)
                doubted |= {name} if proxy.heal() else set()
                await asyncio.to_thread(contents.taken)
    assert len(doubted) > len(SAMPLES) / 3
    assert doubted & succeeded == set()


async def test_replies_that_never_come_end_every_call_and_the_next_is_answered(
    mongodb_uri: str, database_name: str
) -> None:
    async with behind_a_proxy(mongodb_uri, database_name, retries=True) as (proxy, storage):
        await storage.ping()
        # A server that answers pings may be making an index, which is waited for.
        proxy.lose(ALL | {"ping"}, MANY, silently=True)
        calls = [sample.call(storage) for sample in SAMPLES.values()]
        async with asyncio.timeout(3 * ENDS_SECONDS):
            ended = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(error, StorageUnavailable) for error in ended)
        proxy.heal()
        # The calls of before are done in any order: some caller may have arrived.
        assert (await storage.holds.open(HOLD)).id == HOLD.id


async def test_of_two_who_claim_one_has_it_though_both_lose_the_reply(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    await storage.holds.open(HOLD)
    await storage.holds.move(HOLD, APPROVED)
    claims = [APPROVED.after(HoldEvent.CLAIM, NOW, move=new_token()) for _ in range(2)]
    async with behind_a_proxy(mongodb_uri, database_name, retries=False) as (proxy, behind):
        proxy.lose(WRITES, MANY)
        for claim in claims:
            with pytest.raises(StorageUnavailable):
                await behind.holds.move(APPROVED, claim)
        proxy.heal()
        await behind.holds.move(APPROVED, claims[0])
        with pytest.raises(Superseded) as lost:
            await behind.holds.move(APPROVED, claims[1])
    assert lost.value.current.state is HoldState.RELEASED


async def test_a_vote_is_known_again_after_the_next_one(storage: MongoStorage) -> None:
    await storage.holds.open(HOLD)
    await storage.holds.move(HOLD, VOTED)
    await storage.holds.move(VOTED, VOTED.after(HoldEvent.VOTE, NOW, move="next"))
    await storage.holds.move(HOLD, VOTED)
    with pytest.raises(Superseded):
        await storage.holds.move(HOLD, replace(VOTED, moves=("another",)))


async def test_a_use_is_counted_once_for_each_session(storage: MongoStorage) -> None:
    await storage.grants.put(GRANT)
    used = [
        await storage.grants.use(GRANT.id, f"s{n % 3}", NOW, GRANT.expires_at) for n in range(6)
    ]
    found = await storage.grants.get(GRANT.id)
    assert all(used)
    assert found is not None
    assert found.uses == 3


async def test_another_document_in_the_same_place_is_no_success(storage: MongoStorage) -> None:
    chunk = Chunk(0, 0, b"one")
    await append_chunks(storage, "s", [chunk])
    with pytest.raises(Unstorable):
        await append_chunks(storage, "s", [replace(chunk, data=b"two"), Chunk(1, 0, b"three")])
    assert await storage.sessions.chunks("s") == (chunk,)
    await storage.grants.put(GRANT)
    with pytest.raises(Unstorable):
        await storage.grants.put(replace(GRANT, covers=replace(GRANT.covers, rule="other")))
