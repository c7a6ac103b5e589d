"""Grants that have ended go with the last session that names them."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import HoldEvent
from app.retention.grants import lone_grants, remove_grants
from app.retention.purging import Purger
from tests.app.retention.test_purging import OLD, recorded, writing
from tests.app.storage.samples import GRANT, VOTE
from tests.app.storage.test_mongo import a_hold
from tests.written import change_session

if TYPE_CHECKING:
    from app.domain.grant import Grant
    from app.domain.hold import Hold
    from app.storage.store import MongoStorage

CLOCK = SystemClock()
ENDED = CLOCK.now() - timedelta(days=2)
JUST = CLOCK.now() - timedelta(hours=23)


async def lone(storage: MongoStorage) -> list[str]:
    async with aclosing(lone_grants(storage, CLOCK.now())) as batches:
        return [one async for batch in batches for one in batch]


async def released(storage: MongoStorage, hold: Hold) -> None:
    """Write a hold that was approved, and whose request has gone out."""
    approved = hold.after(HoldEvent.APPROVE, OLD, VOTE, move="approval")
    await storage.holds.open(hold)
    await storage.holds.move(hold, approved)
    await storage.holds.move(approved, approved.after(HoldEvent.CLAIM, OLD, move="claim"))


async def test_an_ended_grant_stays_with_its_hold_and_with_each_session_that_it_let_pass(
    storage: MongoStorage,
) -> None:
    async with writing(storage) as ledger:
        purger = Purger(storage, ledger, CLOCK, "jo")
        hold = a_hold()
        held = await recorded(storage, ledger, b"held", hold_id=hold.id)
        await released(storage, replace(hold, session_id=held.id))
        grant = replace(GRANT, hold_id=hold.id, expires_at=ENDED)
        await storage.grants.put(grant)
        at_once = await recorded(storage, ledger, b"at once", grants=(grant.id,))
        later = await recorded(storage, ledger, b"later")
        await change_session(storage, later.id, grants=(grant.id,))
        unused = replace(GRANT, id="unused", hold_id=hold.id, expires_at=ENDED)
        await storage.grants.put(unused)
        found = []
        for session in (held, at_once, later):
            found.append(await lone(storage))
            await purger.purge([session], "tombstone", {session.id: "old"})
        assert found == [[], [unused.id], [unused.id]]
        assert await lone(storage) == [grant.id, unused.id]
        await remove_grants(storage, ledger, [grant.id, unused.id], CLOCK.now(), "jo")
        assert await storage.grants.get(grant.id) is None
        [told] = [
            entry.event.data
            for entry in await storage.ledger.entries("")
            if entry.event.kind is EventKind.GRANTS_PURGED
        ]
    assert told == {"grants": f"{grant.id} {unused.id}", "by": "jo"}
    assert await lone(storage) == []


@pytest.mark.parametrize(
    ("grant", "goes"),
    [
        (replace(GRANT, expires_at=ENDED), True),
        (replace(GRANT, expires_at=JUST), False),
        (replace(GRANT, expires_at=CLOCK.now() + timedelta(days=300)), False),
        (replace(GRANT, expires_at=CLOCK.now() + timedelta(days=300), revoked_at=ENDED), True),
        (replace(GRANT, expires_at=CLOCK.now() + timedelta(days=300), revoked_at=JUST), False),
    ],
    ids=["ran out", "ran out today", "active", "revoked", "revoked today"],
)
async def test_only_a_grant_that_ended_a_day_ago_goes(
    storage: MongoStorage, grant: Grant, *, goes: bool
) -> None:
    await storage.grants.put(grant)
    assert await lone(storage) == ([grant.id] if goes else [])
