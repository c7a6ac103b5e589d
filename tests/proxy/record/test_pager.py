"""Pages are written for everybody whose key opens, and later for those whose key does not yet."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.clock import SystemClock
from app.domain.record.session import RecordedRequest, Side
from app.sealing.choosing import master_keys
from app.storage.store import MongoStorage
from proxy.record.pager import Pager
from tests.app.storage.test_mongo import ALICE, NOW, a_session
from tests.sealing import put_body
from tests.transit import Transit, a_transit
from tests.written import open_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.domain.record.session import Session

TURN = 20
"""How many sessions the pager takes at once."""


@pytest.fixture
def transit(tmp_path: Path) -> Iterator[Transit]:
    transit = a_transit(tmp_path)
    with transit.serving():
        yield transit


@pytest.fixture
def sealed(transit: Transit, mongodb_uri: str, database_name: str) -> Iterator[MongoStorage]:
    master = master_keys(transit.settings_of(mongodb_uri, database_name))
    with closing(MongoStorage.connect(mongodb_uri, database_name, master)) as storage:
        yield storage


async def unpaged(storage: MongoStorage, person: str) -> Session:
    """Record a request whose pages are still to be written."""
    identity = replace(ALICE, subject=person)
    session = a_session(NOW, wire="plain", gateway="me", unpaged=(Side.REQUEST,), identity=identity)
    names = await put_body(storage, session, b"hello")
    key = await storage.data_keys.of(identity.key)
    headers = (("content-type", "text/plain"),)
    request = RecordedRequest("POST", "v1/x", "", headers, b"hello", "d")
    session = replace(session, request=request.head(names), key=key.id)
    await open_session(storage, session)
    return session


async def waiting(storage: MongoStorage) -> set[str]:
    return {session.id for session in await storage.sessions.unpaged(100)}


def pager_of(storage: MongoStorage) -> Pager:
    stores = (storage.sessions, storage.pieces, storage.pages)
    return Pager(*stores, storage.data_keys, "me", SystemClock())


@pytest.mark.parametrize(
    "fault",
    [{"refuses": "permission is missing"}, {"versions": {1: bytes(32)}}, {"oldest": 2}],
    ids=["away", "another key", "too old"],
)
async def test_who_has_an_open_key_gets_pages_and_the_others_when_theirs_opens(
    transit: Transit, sealed: MongoStorage, fault: dict[str, object]
) -> None:
    await sealed.prepare()
    stuck = {(await unpaged(sealed, f"stuck-{n % 3}")).id for n in range(TURN + 5)}
    sealed.data_keys.forget()
    lucky = await unpaged(sealed, "lucky")
    pager, before = pager_of(sealed), {name: getattr(transit, name) for name in fault}
    for name, value in fault.items():
        setattr(transit, name, value)
    for _ in range(2):
        await pager.look()
    assert await waiting(sealed) == stuck
    assert await sealed.pages.get(lucky.id, Side.REQUEST) is not None
    for name, value in before.items():
        setattr(transit, name, value)
    for _ in range(3):
        await pager.look()
    assert await waiting(sealed) == set()
    for session in stuck:
        assert await sealed.pages.get(session, Side.REQUEST) is not None


async def test_while_the_service_is_away_it_is_asked_once_in_a_turn(
    transit: Transit, sealed: MongoStorage
) -> None:
    await sealed.prepare()
    for n in range(5):
        await unpaged(sealed, f"person-{n}")
    sealed.data_keys.forget()
    transit.refuses, transit.asked = "permission is missing", []
    await pager_of(sealed).look()
    assert transit.asked == ["decrypt"]
