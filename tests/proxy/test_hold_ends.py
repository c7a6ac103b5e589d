"""How a hold opens and ends for who waits on it, at each edge of its times."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.event import EventKind
from app.domain.hold import NOT_ASKED, Hold, HoldEvent, HoldState, Vote
from app.domain.notice import Notice, NoticeKind
from app.domain.verdict import Action, Verdict
from app.errors import Reason, Refused
from app.storage.feed import Periodic
from tests.app.storage.test_mongo import MARIA, NOW, a_hold
from tests.proxy.test_holding import WHY, SetClock, still_good, waiting_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from app.storage.store import MongoStorage
    from proxy.record.recording import Recording

HOUR, MOMENT = timedelta(hours=1), timedelta(microseconds=1000)


async def opened(storage: MongoStorage) -> Hold:
    return await storage.holds.open(replace(a_hold(), deadline=NOW + HOUR))


async def moved(storage: MongoStorage, hold: Hold, event: HoldEvent, at: datetime = NOW) -> Hold:
    vote = Vote(MARIA, approve=event is HoldEvent.APPROVE, at=at)
    after = hold.after(event, at, vote)
    await storage.holds.move(hold, after)
    return after


async def stored(storage: MongoStorage, hold: Hold) -> Hold:
    found = await storage.holds.get(hold.id)
    assert found is not None
    return found


async def card_of(storage: MongoStorage, hold: Hold) -> None:
    """Note that its card is posted."""
    notice = await storage.notices.ensure(Notice("card", hold.id, NoticeKind.CARD, "approvals"))
    leased = await storage.notices.lease(notice, by="x", now=NOW, until=NOW + HOUR)
    assert leased is not None
    assert await storage.notices.record(leased, channel="C1", ts="1.2", shown="")


async def refused(
    storage: MongoStorage,
    hold: Hold,
    at: datetime,
    *,
    patience: float | None = 0.0,
    meanwhile: Callable[[Hold], Awaitable[None]] | None = None,
) -> Refused:
    """Wait on the hold at that time, and return why it is not released."""
    async with waiting_for(storage, hold, SetClock(at)) as (holding, recording):

        async def goes_out(decided: Hold) -> Recording:
            if meanwhile is not None:
                await meanwhile(decided)
            return recording

        try:
            await holding.released(hold, "me:0", (patience, None), goes_out, WHY)
        except Refused as refusal:
            return refusal
    raise AssertionError("it was released")


async def moves(storage: MongoStorage, hold: Hold) -> list[tuple[str, object]]:
    entries = await storage.ledger.entries(hold.session_id)
    return [(entry.event.kind, entry.event.data.get("state")) for entry in entries]


async def test_a_hold_is_told_of_opened_and_found_again_by_its_key(storage: MongoStorage) -> None:
    known = a_hold()
    async with waiting_for(storage, known, SetClock(NOW)) as (holding, recording):
        names = holding.caller(), holding.caller("codex/1.0")
        made = await holding.open(replace(known, callers=names[:1]), recording)
        assert await holding.find(known.key) == made
        assert await holding.find("other") is None
    assert names == ("me:0", "me:1:codex/1.0")
    assert made.callers == ("me:0",)
    [first] = await storage.ledger.entries(known.session_id)
    assert first.event.kind == EventKind.HOLD_OPENED
    about = {"identity": known.requester.key, "connection": known.connection, "names": ""}
    named = {"hold": made.id, "digest": known.digest, "key": known.key}
    assert dict(first.event.data) == about | named


async def test_a_hold_that_nobody_waits_on_has_no_caller(storage: MongoStorage) -> None:
    async with waiting_for(storage, a_hold()) as (holding, recording):
        made = await holding.open(replace(a_hold(), callers=()), recording)
    assert made.callers == ()


@pytest.mark.parametrize(
    ("before", "heard", "after"), [("", "", ""), ("", "late", "late"), ("first", "late", "first")]
)
async def test_a_reason_is_taken_up_where_none_was_given(
    storage: MongoStorage, before: str, heard: str, after: str
) -> None:
    hold = await storage.holds.open(replace(a_hold(), reason=before))
    async with waiting_for(storage, hold) as (holding, _):
        await holding.hear(hold, heard)
        await holding.note_outcome(hold, "HTTP 200")
    left = await stored(storage, hold)
    assert (left.reason, left.outcome) == (after, "HTTP 200")


@pytest.mark.parametrize(
    ("ago", "found"),
    [(timedelta(0), True), (24 * HOUR, True), (24 * HOUR + MOMENT, False)],
)
async def test_what_was_said_in_slack_counts_for_a_day(
    storage: MongoStorage, ago: timedelta, *, found: bool
) -> None:
    await storage.statements.put("key", "an incident", NOW)
    async with waiting_for(storage, a_hold(), SetClock(NOW + ago)) as (holding, _):
        said = await holding.stated("key")
    assert said == ("an incident" if found else "")


@pytest.mark.parametrize("asked", [False, True])
async def test_a_caller_without_patience_is_counted_out_and_the_hold_goes_on(
    storage: MongoStorage, *, asked: bool
) -> None:
    hold = await opened(storage)
    if asked:
        await card_of(storage, hold)
    told = await refused(storage, hold, hold.deadline - MOMENT)
    assert told.reason is Reason.APPROVAL_PENDING
    assert ("No approver has been asked yet" in str(told)) is not asked
    left = await stored(storage, hold)
    assert (left.state, left.callers) == (HoldState.PENDING, ())


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("late", [timedelta(0), MOMENT, HOUR])
async def test_a_hold_expires_at_its_deadline_without_any_bot(
    storage: MongoStorage, late: timedelta, *, asked: bool
) -> None:
    hold = await opened(storage)
    if asked:
        await card_of(storage, hold)
    told = await refused(storage, hold, hold.deadline + late)
    assert told.reason is Reason.APPROVAL_EXPIRED
    left = await stored(storage, hold)
    assert (left.state, left.note) == (HoldState.EXPIRED, "" if asked else NOT_ASKED)
    assert await moves(storage, hold) == [
        (EventKind.HOLD_MOVING, "expired"),
        (EventKind.HOLD_MOVED, "expired"),
    ]


async def test_two_callers_at_the_deadline_expire_a_hold_once(storage: MongoStorage) -> None:
    hold = await opened(storage)
    async with waiting_for(storage, hold, SetClock(hold.deadline)) as (holding, recording):
        waits = (
            holding.released(hold, caller, (0.0, None), still_good(recording), WHY)
            for caller in ("me:0", "me:1")
        )
        ended = await asyncio.gather(*waits, return_exceptions=True)
    assert [isinstance(end, Refused) and end.reason for end in ended] == [
        Reason.APPROVAL_EXPIRED,
        Reason.APPROVAL_EXPIRED,
    ]
    assert (await moves(storage, hold)).count((EventKind.HOLD_MOVED, "expired")) == 1


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (HoldEvent.DENY, Reason.APPROVAL_DENIED),
        (HoldEvent.WITHDRAW, Reason.HOLD_WITHDRAWN),
        (HoldEvent.DEADLINE, Reason.APPROVAL_EXPIRED),
    ],
)
@pytest.mark.parametrize("patience", [None, 0.0])
async def test_what_was_decided_meanwhile_counts_and_not_what_the_caller_knew(
    storage: MongoStorage, event: HoldEvent, reason: Reason, patience: float | None
) -> None:
    hold = await opened(storage)
    await moved(storage, hold, event)
    told = await refused(storage, hold, NOW, patience=patience)
    assert told.reason is reason


async def test_a_caller_waits_for_the_bots_timers_and_is_counted_meanwhile(
    storage: MongoStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.holds.holding._GRACE_SECONDS", 60.0)
    hold = await opened(storage)
    at = hold.deadline - timedelta(microseconds=1)
    async with (
        waiting_for(storage, hold, SetClock(at)) as (holding, recording),
        asyncio.TaskGroup() as tasks,
    ):
        beats = asyncio.Event()

        async def beat() -> None:
            beats.set()

        pulse = Periodic(0.05, beat)
        waiting = tasks.create_task(
            holding.released(hold, "me:0", (None, pulse), still_good(recording), WHY)
        )
        beating = tasks.create_task(beats.wait())
        ended, _ = await asyncio.wait({waiting, beating}, return_when=asyncio.FIRST_COMPLETED)
        assert waiting not in ended
        now = await stored(storage, hold)
        assert now.callers == ("me:0",)
        await moved(storage, now, HoldEvent.APPROVE, at)
        assert (await waiting).state is HoldState.RELEASED


@pytest.mark.parametrize("keep", [None, MOMENT, timedelta(0), -MOMENT])
async def test_an_approval_is_used_until_it_was_kept_long_enough(
    storage: MongoStorage, keep: timedelta | None
) -> None:
    """`keep` is for how long from now; None: it has no end."""
    approved = await moved(storage, await opened(storage), HoldEvent.APPROVE)
    assert approved.keep_until is not None
    at = approved.keep_until - (keep or timedelta(0))
    if keep is None:
        endless = replace(a_hold("endless"), verdict=Verdict(Action.HOLD, (), "r1"))
        approved = await moved(storage, await storage.holds.open(endless), HoldEvent.APPROVE)
        assert approved.keep_until is None
    if keep is None or keep > timedelta(0):
        async with waiting_for(storage, approved, SetClock(at)) as (holding, recording):
            used = await holding.released(
                approved, "me:0", (None, None), still_good(recording), WHY
            )
        assert (used.state, used.callers) == (HoldState.RELEASED, ())
        assert (await stored(storage, approved)).callers == ()
    else:
        told = await refused(storage, approved, at, patience=None)
        assert told.reason is Reason.APPROVAL_LAPSED
        assert await moves(storage, approved) == [(EventKind.HOLD_MOVED, "lapsed")]


async def test_who_loses_the_race_for_an_approval_is_told_that_it_is_used(
    storage: MongoStorage,
) -> None:
    approved = await moved(storage, await opened(storage), HoldEvent.APPROVE)

    async def another_takes_it(_: Hold) -> None:
        await moved(storage, approved, HoldEvent.CLAIM)

    told = await refused(storage, approved, NOW, patience=None, meanwhile=another_takes_it)
    assert told.reason is Reason.APPROVAL_USED
