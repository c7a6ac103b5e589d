"""What is refused before it has a session leaves a small record, without secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.clock import SystemClock
from app.domain.record.rejection import Rejection
from app.errors import BadRequest, Fault, NotAuthenticated, StorageUnavailable
from proxy.record.rejections import KEPT, Rejections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.storage.store import MongoStorage
    from tests.proxy.http.conftest import Here

KEY = "AKIAIOSFODNN7EXAMPLQ"
TOLD = Rejection("", SystemClock().now(), SystemClock().now(), "a", 400, "bad_request", "why")


@pytest.mark.asyncio(loop_scope="module")
async def test_every_refusal_without_a_session_is_found_afterwards(here: Here) -> None:
    since = SystemClock().now() - timedelta(minutes=1)
    good = {"authorization": f"Bearer {await here.token()}"}
    bad = {"authorization": f"Bearer {KEY}", "user-agent": f"probe {KEY}"}
    async with here.place.gateway(body_limit=1000) as place, here.http() as http:
        for path, headers, body in (
            (f"/it/v1/chat/{KEY}?key={KEY}", bad, b"{}"),
            ("/nothing/v1/x", good, b"{}"),
            ("/it/v1/chat/completions", good, b"x" * 2000),
            ("/it/%2e%2e/x", good, b"{}"),
        ):
            await http.post(f"{place.url}{path}", headers=headers, content=body)
    found = await here.place.storage.rejections.since(since, limit=9)
    assert [one.status for one in reversed(found)] == [401, 404, 413, 400]
    stranger = found[-1]
    assert stranger.address == "127.0.0.1"
    assert stranger.identity == ""
    assert stranger.user_agent.startswith("probe [")
    assert KEY not in str(found)
    assert [bool(one.identity) for one in reversed(found)] == [False, True, True, False]
    assert stranger.until - stranger.at == KEPT


@pytest.mark.asyncio(loop_scope="module")
async def test_a_hook_that_is_refused_leaves_a_record_too(here: Here) -> None:
    since = SystemClock().now() - timedelta(minutes=1)
    good = {"authorization": f"Bearer {await here.token()}"}
    bad = {"authorization": f"Bearer {KEY}"}
    async with here.place.gateway() as place, here.http() as http:
        for headers, body in ((bad, b"{}"), (good, b"[]"), (good, b'{"tool": "no tool"}')):
            await http.post(f"{place.url}/-/evaluate", headers=headers, content=body)
    asked = await here.place.storage.rejections.since(since, limit=9)
    found = [one for one in reversed(asked) if one.path == "/-/evaluate"]
    assert [one.status for one in found] == [401, 400, 400]
    assert [bool(one.identity) for one in found] == [False, True, True]
    assert KEY not in str(found)


async def test_one_address_cannot_fill_the_record_nor_hide_another(storage: MongoStorage) -> None:
    rejections, clock = Rejections(storage.rejections, SystemClock(), 3), SystemClock()
    error = NotAuthenticated("no")
    for address in ["noisy"] * 50 + ["quiet"]:
        rejections.note(error, address, lambda address=address: _of(address))
    rejections.note(Fault("ours"), "quiet", lambda: _of("quiet"))
    await rejections.write(every=True)
    found = await storage.rejections.since(clock.now() - timedelta(minutes=1), limit=99)
    counts = [one.count for one in found if one.address == "noisy"]
    # A minute may have ended between two of them.
    assert sum(counts) == 50
    assert len(counts) <= 8
    assert [one.count for one in found if one.address == "quiet"] == [1]


async def test_what_cannot_be_written_is_written_later() -> None:
    store = Away()
    rejections = Rejections(store, SystemClock())
    rejections.note(BadRequest("no"), "a", lambda: TOLD)
    await rejections.write()
    assert store.kept == []
    store.is_away = False
    await rejections.write()
    await rejections.write()
    assert len(store.kept) == 1


def _of(address: str) -> Rejection:
    return Rejection("", TOLD.at, TOLD.until, address, 401, "not_authenticated", "no")


class Away:
    """A store that does not answer at first."""

    def __init__(self) -> None:
        self.is_away = True
        self.kept: list[Rejection] = []

    async def put(self, rejections: Sequence[Rejection]) -> None:
        if self.is_away:
            raise StorageUnavailable("away")
        self.kept += rejections

    async def since(self, *_: object, **__: object) -> tuple[Rejection, ...]:
        return ()
