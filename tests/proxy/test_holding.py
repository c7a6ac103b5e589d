from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.audit.moves import Mover
from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import HoldEvent, HoldState, Vote
from app.domain.hook import Hook, HookEvent, HookTool
from app.domain.verdict import Action, Approval, Verdict
from app.errors import Reason, Refused
from app.ids import new_id
from app.storage.feed import HoldFeed
from proxy.holds.holding import Holding, hold_key
from proxy.record.pager import Bodies
from proxy.record.recorder import Recorder
from tests.app.storage.test_mongo import JOB, MARIA, NOW, a_hold, a_session
from tests.policies.passages.questions import fired, verdict
from tests.proxy.test_facts import Sent
from tests.written import open_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.store import MongoStorage
    from proxy.record.recording import Recording

MOMENTS = 60
WHY = {"key": "key", "names": "p1"}
COVERING = verdict(fired("rule", "passage"))


@dataclass
class SetClock:
    at: datetime

    def now(self) -> datetime:
        return self.at


def still_good(recording: Recording) -> Callable[[Hold], Awaitable[Recording]]:
    """Nothing has changed: what was recorded goes out."""

    async def goes_out(_: Hold) -> Recording:
        return recording

    return goes_out


@asynccontextmanager
async def waiting_for(
    storage: MongoStorage, hold: Hold, clock: Clock | None = None, hook: Hook | None = None
) -> AsyncIterator[tuple[Holding, Recording]]:
    """Yield what waits for a hold, and the recording of its session."""
    clock, feed = clock or SystemClock(), HoldFeed(storage.holds)
    ledger = ChainedLedger(storage.ledger, "test")
    mover = Mover(storage.holds, ledger, clock)
    holding = Holding(storage.holds, storage.statements, storage.notices, feed, mover, clock, "me")
    bodies = Bodies(storage.pieces, storage.data_keys)
    await open_session(storage, a_session(NOW, id=hold.session_id, hook=hook))
    recorder = Recorder(storage.sessions, bodies, ledger, clock, "me")
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(ledger.run()), tasks.create_task(feed.run())]
        yield holding, await recorder.resume(hold.session_id)
        for task in running:
            task.cancel()


async def test_an_approval_is_not_used_after_it_was_kept_long_enough(
    storage: MongoStorage,
) -> None:
    hold = await storage.holds.open(replace(a_hold(), deadline=NOW + timedelta(hours=1)))
    approved = hold.after(
        HoldEvent.APPROVE, NOW - timedelta(hours=1), Vote(MARIA, approve=True, at=NOW)
    )
    assert approved.keep_until is not None
    assert approved.keep_until < NOW
    await storage.holds.move(hold, approved)
    async with waiting_for(storage, approved) as (holding, recording):
        with pytest.raises(Refused) as refused:
            await holding.released(approved, "me:0", (None, None), still_good(recording), WHY)
    assert refused.value.reason is Reason.APPROVAL_LAPSED
    left = await storage.holds.get(hold.id)
    assert left is not None
    assert left.state is HoldState.LAPSED
    told = [entry.event.kind for entry in await storage.ledger.entries(hold.session_id)]
    assert EventKind.REQUEST_FORWARDING not in told


async def test_who_leaves_at_the_moment_of_arriving_is_not_counted_as_waiting(
    storage: MongoStorage,
) -> None:
    hold = await storage.holds.open(replace(a_hold(), deadline=NOW + timedelta(hours=1)))
    async with waiting_for(storage, hold) as (holding, recording):
        for moment in range(MOMENTS):
            waits = holding.released(
                hold, holding.caller(), (None, None), still_good(recording), WHY
            )
            waiting = asyncio.ensure_future(waits)
            for _ in range(moment):
                await asyncio.sleep(0)
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
    left = await storage.holds.get(hold.id)
    assert left is not None
    assert left.callers == ()


async def approved(storage: MongoStorage, verdict: Verdict) -> Hold:
    hold = await storage.holds.open(replace(a_hold(), verdict=verdict))
    vote = Vote(MARIA, approve=True, at=NOW, sets=("managers",))
    after = hold.after(HoldEvent.APPROVE, NOW, vote)
    await storage.holds.move(hold, after)
    return after


@pytest.mark.parametrize(
    ("approval", "minutes"),
    [
        (None, 70),
        (Approval((), expires=timedelta(hours=2), keep=timedelta(hours=5)), 7 * 60),
        (Approval((), expires=timedelta(hours=2), denied_for=timedelta(hours=6)), 8 * 60),
    ],
)
async def test_a_hold_is_recent_while_its_approval_or_denial_can_still_count(
    storage: MongoStorage, approval: Approval | None, minutes: int
) -> None:
    hold = await storage.holds.open(a_hold())
    clock = SetClock(NOW + timedelta(minutes=minutes))
    whole = Verdict(Action.HOLD, (), "r1", approval)
    # Of several rules that ask, each has terms of its own.
    quick = Approval((), expires=timedelta(0), keep=timedelta(0), denied_for=timedelta(0))
    rules = fired("first", terms=approval or Approval(())), fired("second", terms=quick)
    of_rule = Verdict(Action.HOLD, rules, "r1", quick)
    async with waiting_for(storage, hold, clock) as (holding, _):
        assert await holding.recent(JOB, whole) == await holding.recent(JOB, of_rule) == (hold,)
        clock.at += timedelta(milliseconds=1)
        assert await holding.recent(JOB, whole) == await holding.recent(JOB, of_rule) == ()


async def test_a_hold_joins_the_task_of_one_that_is_waiting(storage: MongoStorage) -> None:
    first = await storage.holds.open(a_hold())
    soon = replace(a_hold("another"), created_at=NOW + timedelta(minutes=1))
    async with waiting_for(storage, soon) as (holding, recording):
        assert (await holding.open(soon, recording)).task == first.id


@pytest.mark.parametrize(
    ("asked", "leaves", "state"),
    [
        (COVERING, False, HoldState.RELEASED),
        (COVERING, True, HoldState.RELEASED),
        (replace(COVERING, fired=()), False, HoldState.RELEASED),
        (replace(COVERING, fired=()), True, HoldState.APPROVED),
    ],
    ids=["covering", "covering-leaves", "single", "single-leaves"],
)
async def test_an_approval_of_one_request_is_left_to_it_by_who_only_asks(
    storage: MongoStorage, asked: Verdict, *, leaves: bool, state: HoldState
) -> None:
    hold = await approved(storage, asked)
    async with waiting_for(storage, hold, SetClock(NOW)) as (holding, recording):
        got = await holding.released(
            hold, "me:0", (None, None), still_good(recording), WHY, leaves=leaves
        )
    left = await storage.holds.get(hold.id)
    assert left is not None
    assert got.state is left.state is state


@pytest.mark.parametrize(
    ("hook", "written"),
    [
        (None, EventKind.REQUEST_FORWARDING),
        (Hook(HookTool.CODEX, HookEvent.PROMPT), EventKind.HOOK_ALLOWING),
    ],
)
async def test_the_ledger_tells_a_request_that_goes_out_from_what_a_hook_may_do(
    storage: MongoStorage, hook: Hook | None, written: EventKind
) -> None:
    hold = await approved(storage, COVERING)
    async with waiting_for(storage, hold, SetClock(NOW), hook) as (holding, recording):
        await holding.released(hold, "me:0", (None, None), still_good(recording), WHY)
    [entry] = await storage.ledger.entries(hold.session_id)
    assert entry.event.kind == written
    assert WHY.items() <= entry.event.data.items()


async def test_an_approved_call_goes_on_once_and_the_ledger_says_so(storage: MongoStorage) -> None:
    hold = await approved(storage, COVERING)
    async with waiting_for(storage, hold, SetClock(NOW)) as (holding, recording):
        assert (await holding.release_call(hold, recording, WHY)).state is HoldState.RELEASED
        with pytest.raises(Refused) as refused:
            await holding.release_call(hold, recording, WHY)
    assert refused.value.reason is Reason.APPROVAL_USED
    told = [entry.event.kind for entry in await storage.ledger.entries(hold.session_id)]
    assert told.count(EventKind.HOLD_MOVED) == 1


@pytest.mark.parametrize(
    ("key", "asked_about", "state"),
    [
        ("key", timedelta(minutes=1), HoldState.RELEASED),
        ("key", -timedelta(minutes=1), HoldState.APPROVED),
        ("another", timedelta(minutes=1), HoldState.APPROVED),
        ("yet another", timedelta(minutes=1), HoldState.APPROVED),
    ],
    ids=["the same since", "the same before", "another since", "yet another since"],
)
async def test_an_approval_is_given_back_where_nobody_was_asked_about_the_same_since(
    storage: MongoStorage, key: str, asked_about: timedelta, state: HoldState
) -> None:
    hold = await approved(storage, COVERING)
    async with waiting_for(storage, hold, SetClock(NOW)) as (holding, recording):
        await storage.holds.arrive(hold.id, "me:0")
        released = await holding.release_call(hold, recording, WHY)
        at = NOW + asked_about
        other = replace(a_hold(key), id=new_id(at), created_at=at)
        await storage.holds.move(
            await storage.holds.open(other),
            other.after(HoldEvent.DENY, at, Vote(MARIA, approve=False, at=at)),
        )
        await holding.give_back(released, "me:0")
    left = await storage.holds.get(hold.id)
    assert left is not None
    assert left.state is state
    assert ("me:0" in left.callers) is (state is HoldState.RELEASED)
    told = [entry.event.data.get("word") for entry in await storage.ledger.entries(hold.session_id)]
    assert (HoldEvent.GIVE_BACK in told) is (state is HoldState.APPROVED)


def test_another_rule_or_another_law_of_it_makes_another_hold() -> None:
    inquiry, rule = Sent().read(), fired("rule", law="one")
    rules = rule, fired("rule", law="two"), fired("other", law="one"), replace(rule, question=None)
    keys = {hold_key(JOB, inquiry, Verdict(Action.HOLD, (one,), "r1")) for one in rules}
    assert len(keys) == len(rules)


async def test_what_was_used_is_waited_for_until_it_is_given_back(storage: MongoStorage) -> None:
    hold = await storage.holds.open(replace(a_hold(), deadline=NOW + timedelta(hours=1)))
    approved = hold.after(HoldEvent.APPROVE, NOW, Vote(MARIA, approve=True, at=NOW))
    used = approved.after(HoldEvent.CLAIM, NOW)
    await storage.holds.move(hold, approved)
    await storage.holds.move(approved, used)
    async with waiting_for(storage, used) as (holding, _):
        await holding.given_back(used, 0)
        again = asyncio.ensure_future(holding.given_back(used, MOMENTS))
        await storage.holds.arrive(used.id, "somebody")
        assert not again.done()
        await holding.give_back(used, "")
        await again
    left = await storage.holds.get(hold.id)
    assert left is not None
    assert left.state is HoldState.APPROVED
