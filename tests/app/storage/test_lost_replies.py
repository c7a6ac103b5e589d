"""A write that is done but whose reply is lost: asking again must be harmless, for every method."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.domain.session import Chunk
from app.errors import StorageUnavailable, Unstorable
from app.storage.store import MongoStorage
from tests.app.storage.test_mongo import NOW, a_session
from tests.lossy import WRITES, Lossy, lossy_proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def lossy(mongodb_uri: str, database_name: str) -> AsyncIterator[tuple[Lossy, MongoStorage]]:
    async with lossy_proxy(mongodb_uri) as (proxy, uri):
        storage = MongoStorage.connect(uri, database_name)
        await storage.prepare()
        yield proxy, storage
        # It says goodbye through the proxy, which needs this loop.
        await asyncio.to_thread(storage.close)


async def test_chunks_of_an_answer_are_written_on_after_a_lost_reply(
    lossy: tuple[Lossy, MongoStorage],
) -> None:
    proxy, storage = lossy
    session = a_session(NOW)
    chunks = [Chunk(n, n, b"x" * n) for n in range(3)]
    await storage.sessions.append(session.id, chunks[:1])
    proxy.lose(WRITES, times=5)
    with pytest.raises(StorageUnavailable):
        await storage.sessions.append(session.id, chunks[1:])
    proxy.heal()
    # The recorder repeats what failed as it was, and writes what came since after it.
    await storage.sessions.append(session.id, chunks[1:])
    assert await storage.sessions.chunks(session.id) == tuple(chunks)


async def test_another_chunk_in_the_same_place_is_no_success(storage: MongoStorage) -> None:
    chunk = Chunk(0, 0, b"one")
    await storage.sessions.append("s", [chunk])
    with pytest.raises(Unstorable):
        await storage.sessions.append("s", [replace(chunk, data=b"two"), Chunk(1, 0, b"three")])
    assert await storage.sessions.chunks("s") == (chunk,)
