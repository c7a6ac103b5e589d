"""Who calls is written down: once of many requests at once, and not in turns where it cannot be."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from app.clock import SystemClock
from app.errors import StorageUnavailable
from proxy.callers import Callers
from proxy.oidc.verify import TokenVerifier
from tests.app.storage.test_mongo import JOB
from tests.lossy import WRITES, lossy_proxy, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.storage.store import MongoStorage


@asynccontextmanager
async def callers(storage: MongoStorage) -> AsyncIterator[Callers]:
    async with httpx.AsyncClient() as http:
        clock = SystemClock()
        yield Callers(TokenVerifier([], http, clock), storage.people, clock)


async def test_a_person_is_written_once_of_many_requests_at_once_and_all_hear_where_not(
    mongodb_uri: str, database_name: str
) -> None:
    async with (
        lossy_proxy(mongodb_uri) as (proxy, uri),
        opened(uri, database_name) as storage,
        callers(storage) as known,
    ):
        await storage.ping()
        proxy.lose(WRITES, 9, silently=True)
        asked = [known.remember(JOB) for _ in range(4)]
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(error) for error in told} == {StorageUnavailable}
        assert proxy.heal() == ("update",)
        await asyncio.gather(*(known.remember(JOB) for _ in range(4)))
        assert await storage.people.get(JOB.key) == JOB
