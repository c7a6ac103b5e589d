"""What let a call of an answer pass ends while people decide on another call of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pymongo import MongoClient

from app.audit.giving import Giver
from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import HoldEvent, HoldState
from app.domain.record.session import SessionState
from app.errors import StorageUnavailable
from app.storage.approvals.grants import MongoGrants
from policies.passages.answers import covers_of
from tests.app.storage.test_mongo import MARIA
from tests.proxy.http.calls.test_given_back import HALT, ONCE, YES, Asked, HaltingLedger, Story
from tests.proxy.http.calls.test_kept_back_calls import RULES, SETS
from tests.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from app.domain.grant import Coverage, Grant
    from app.domain.hold import Hold
    from app.settings import Settings
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOTH_WAYS = pytest.mark.parametrize("streams", [True, False], ids=["streamed", "whole"])


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Iterator[Settings]:
    (settings.catalog / "catalog" / "deploys.yaml").write_text(RULES)
    (settings.catalog / "approvers.yaml").write_text(SETS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("proxy.parts.ChainedLedger", HaltingLedger)
        yield settings


class Manager:
    """Gives and takes back what an approval covers, as the bot does for her."""

    def __init__(self, story: Story, ledger: ChainedLedger) -> None:
        self._storage = story.storage
        self._giver = Giver(story.storage.grants, ledger, SystemClock())
        self._given: list[tuple[Hold, Coverage]] = []

    async def approve(self, hold: Hold) -> None:
        approved = hold.after(HoldEvent.APPROVE, datetime.now(UTC), YES)
        covers = covers_of(approved, datetime.now(UTC))
        await self._giver.give(approved, covers)
        await self._storage.holds.move(hold, approved)
        self._given += [(approved, cover) for cover in covers]

    async def revoke(self) -> None:
        assert self._given
        for approved, cover in self._given:
            assert await self._giver.revoke(approved, cover, MARIA)


@asynccontextmanager
async def manager(story: Story) -> AsyncIterator[Manager]:
    ledger = ChainedLedger(story.storage.ledger, "bot")
    writing = asyncio.ensure_future(ledger.run())
    yield Manager(story, ledger)
    writing.cancel()


@BOTH_WAYS
async def test_an_approval_that_is_revoked_while_the_next_call_waits_is_not_used(
    here: Here, *, streams: bool
) -> None:
    story = Story(here, streams)
    asked = await story.ask()
    one, two = await story.waiting()
    async with manager(story) as maria:
        HALT.before(EventKind.CALL_DECIDED, 1)
        await maria.approve(one)
        await HALT.reached.wait()
        HALT.go_on.set()
        await maria.revoke()
    await story.approve([two])
    [again] = await story.waiting(1, besides=[one, two])
    assert again.tool == one.tool
    await story.approve([again])
    assert story.has_all(await asked.answer())


@pytest.mark.parametrize("at", [0, 1], ids=["before", "behind"])
@BOTH_WAYS
async def test_a_grant_that_is_revoked_while_another_call_waits_lets_none_pass(
    here: Here, at: int, *, streams: bool
) -> None:
    async with granted_beside_another(here, at, streams=streams) as (story, asked, holds, maria):
        await maria.revoke()
    await story.approve(holds[1:])
    if at == 0 and streams:
        # It stood before the other and had gone out when it was revoked.
        assert story.has_all(await asked.answer())
        return
    await asked_again(story, asked, holds)


@BOTH_WAYS
async def test_an_approval_that_is_revoked_after_it_was_used_lets_no_call_pass(
    here: Here, *, streams: bool
) -> None:
    story = Story(here, streams)
    asked = await story.ask()
    one, two = await story.waiting()
    now = datetime.now(UTC)
    late = replace(two.after(HoldEvent.APPROVE, now, ONCE), keep_until=now - timedelta(seconds=1))
    await story.storage.holds.move(two, late)
    async with manager(story) as maria:
        await maria.approve(one)
        # The first is used; that of the second has run out, so that it is asked about again.
        [two_again] = await story.waiting(1, besides=[one, two])
        assert {state for state, _ in await story.states([one])} == {HoldState.RELEASED}
        await maria.revoke()
    await story.approve([two_again])
    [one_again] = await story.waiting(1, besides=[two_again])
    assert one_again.tool == one.tool
    await story.approve([one_again])
    assert story.has_all(await asked.answer())


@BOTH_WAYS
async def test_a_grant_that_runs_out_while_another_call_waits_lets_none_pass(
    here: Here, *, streams: bool
) -> None:
    async with granted_beside_another(here, 1, streams=streams) as (story, asked, holds, _):
        run_out(story, holds[0])
    await story.approve(holds[1:])
    await asked_again(story, asked, holds)


@asynccontextmanager
async def granted_beside_another(
    here: Here, at: int, *, streams: bool
) -> AsyncIterator[tuple[Story, Asked, list[Hold], Manager]]:
    """Yield an answer with a call that a grant lets pass, at that place, and one that waits.

    With the hold that gave the grant, the one that waits, and who may revoke.
    """
    granted, other = f"deploy one {uuid4().hex}", f"deploy other {uuid4().hex}"
    before = Story(here, streams, (granted, f"ls {uuid4().hex}"))
    first = await before.ask()
    [hold] = await before.waiting(1)
    async with manager(before) as maria:
        await maria.approve(hold)
        assert before.has_all(await first.answer())
        story = Story(here, streams, (granted, other) if at == 0 else (other, granted))
        HALT.before(EventKind.CALL_DECIDED, 1)
        asked = await story.ask()
        [waits] = await story.waiting(1)
        await HALT.reached.wait()
        HALT.go_on.set()
        await recorded_decision(story, waits)
        yield story, asked, [hold, waits], maria


async def asked_again(story: Story, asked: Asked, holds: list[Hold]) -> None:
    """See that people are asked about the call of the first hold, and that it goes on then."""
    [again] = await story.waiting(1, besides=holds)
    assert again.tool is not None
    assert holds[0].tool is not None
    assert again.tool.arguments == holds[0].tool.arguments
    await story.approve([again])
    assert story.has_all(await asked.answer())


def run_out(story: Story, hold: Hold) -> None:
    """Set the end of a hold's grants to before now, as if they had not been used for long."""
    settings = story.here.place.settings
    with MongoClient[dict[str, object]](settings.mongodb_uri.get_secret_value()) as client:
        grants = client[settings.mongodb_database]["grants"]
        ended = {"expires_at": datetime.now(UTC) - timedelta(minutes=5)}
        assert grants.update_many({"hold_id": hold.id}, {"$set": ended}).matched_count


async def recorded_decision(story: Story, hold: Hold) -> None:
    """Return when the ledger has the decision on the call that was granted."""
    while True:
        entries = await story.storage.ledger.entries(hold.session_id)
        if any(entry.event.kind is EventKind.CALL_DECIDED for entry in entries):
            return


async def test_an_answer_has_its_end_where_what_was_given_back_cannot_be_read(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(here, streams=True)
    asked = await story.ask()
    holds = await story.waiting()
    HALT.before(EventKind.HOLD_MOVED, 2)
    async with manager(story) as maria:
        for hold in holds:
            await maria.approve(hold)
    await HALT.reached.wait()

    async def away(_self: MongoGrants, _ids: object) -> tuple[Grant, ...]:
        raise StorageUnavailable("The database does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(MongoGrants, "get_many", away)
        await asked.leave()
        HALT.go_on.set()
        session = await recorded(story.storage, holds[0].session_id)
    assert session.state is SessionState.CLOSED
    assert session.answer is not None
