"""What is written for each start, branch, request or hold ends by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from app.domain.identity import IdentityKind
from app.domain.notice import Notice, NoticeKind
from app.domain.record.counted_day import CountedDay
from app.storage.gateways import Heartbeat
from tests.app.storage.test_mongo import ALICE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from app.storage.store import MongoStorage

NOW = datetime.now(UTC)
BRANCH = replace(ALICE, subject="repo:acme/x:ref:refs/heads/one", kind=IdentityKind.WORKLOAD)
DAY = timedelta(days=1)
NOTICE = Notice("n", "h", NoticeKind.CARD, "C1")


async def edited(storage: MongoStorage) -> None:
    known = await storage.notices.ensure(NOTICE)
    later = NOW + timedelta(days=100)
    await storage.notices.lease(known, by="me", now=later, until=later)


@pytest.mark.parametrize(
    ("collection", "write", "days"),
    [
        ("gateways", lambda s: s.gateways.beat(Heartbeat("g", 1), NOW), 1),
        ("people", lambda s: s.people.saw(BRANCH, NOW), 90),
        ("people", lambda s: s.people.saw(ALICE, NOW), None),
        ("statements", lambda s: s.statements.put("k", "why", NOW), 30),
        ("notices", lambda s: s.notices.ensure(NOTICE, NOW), 365),
        ("notices", edited, 465),
        ("counts", lambda s: s.counts.put(CountedDay("day", b"{}", NOW + DAY)), 1),
    ],
    ids=["gateway", "branch", "person", "statement", "notice", "edited notice", "counts"],
)
async def test_it_ends_by_itself(
    storage: MongoStorage,
    mongodb_uri: str,
    database_name: str,
    collection: str,
    write: Callable[[MongoStorage], Coroutine[Any, Any, object]],
    days: int | None,
) -> None:
    await write(storage)
    with MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        rows = client[database_name][collection]
        [row] = rows.find({})
        indexes = rows.index_information().values()
    assert any(
        dict(index["key"]) == {"until": 1} and index.get("expireAfterSeconds") == 0
        for index in indexes
    )
    if days is None:
        assert "until" not in row
    else:
        assert abs(row["until"] - NOW - timedelta(days=days)) < timedelta(hours=1)
