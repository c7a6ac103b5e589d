from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.grant import Grant, coverage
from app.ids import new_id
from tests.app.storage.test_mongo import ALICE, MARIA, NOW

if TYPE_CHECKING:
    from datetime import datetime

    import pytest

    from app.storage.store import MongoStorage

COVERS = coverage(ALICE, "openai", "rule")
END = NOW + timedelta(hours=1)
BEFORE = END - timedelta(milliseconds=1)


def a_grant() -> Grant:
    return Grant(new_id(NOW), COVERS, "Alice", MARIA, "hold", NOW, END)


def test_a_grant_is_active_until_its_end_or_until_it_is_revoked() -> None:
    grant = a_grant()
    assert [grant.active(at) for at in (NOW, BEFORE, END)] == [True, True, False]
    assert not replace(grant, revoked_at=NOW).active(NOW)


async def test_a_grant_covers_nothing_from_the_moment_of_its_expiry(storage: MongoStorage) -> None:
    grant = a_grant()
    await storage.grants.put(grant)
    assert await storage.grants.of([COVERS.identity_key], BEFORE) == (grant,)
    assert await storage.grants.use(grant.id, "session-1", BEFORE, END)
    assert await storage.grants.of([COVERS.identity_key], END) == ()
    assert not await storage.grants.use(grant.id, "session-2", END, END)
    assert not await storage.grants.revoke(grant.id, by="maria", now=END)
    assert await storage.grants.active(END) == ()


async def test_no_query_finds_a_grant_that_has_expired(
    storage: MongoStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found is asked once more whether it is active; here that check lets all pass."""

    def always(_grant: Grant, _now: datetime) -> bool:
        return True

    grant = a_grant()
    await storage.grants.put(grant)
    monkeypatch.setattr(Grant, "active", always)
    assert await storage.grants.of([COVERS.identity_key], BEFORE) == (grant,)
    assert await storage.grants.active(BEFORE) == (grant,)
    assert await storage.grants.of([COVERS.identity_key], END) == ()
    assert await storage.grants.active(END) == ()


async def test_a_revoked_grant_covers_nothing_and_is_not_listed(storage: MongoStorage) -> None:
    grant = a_grant()
    await storage.grants.put(grant)
    assert await storage.grants.revoke(grant.id, by="maria", now=NOW)
    assert await storage.grants.of([COVERS.identity_key], NOW) == ()
    assert await storage.grants.active(NOW) == ()
    assert not await storage.grants.use(grant.id, "session-1", NOW, END)
