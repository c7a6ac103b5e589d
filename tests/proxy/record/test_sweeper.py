from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.hold import Hold, HoldEvent, HoldState
from app.domain.record.session import Decision, RecordedAnswer, SessionState
from app.domain.tool_call import HeldCall
from app.ids import new_id
from app.storage.driver import ENDS_SECONDS
from app.storage.gateways import Heartbeat
from proxy.process.heart import BEAT_SECONDS
from proxy.record.lives import Lives
from proxy.record.sweeper import SWEEP_SECONDS, Sweeper
from tests.app.storage.test_mongo import NOW, a_hold, a_session
from tests.written import open_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.record.session import Session
    from app.storage.store import MongoStorage

LATER = NOW + timedelta(minutes=5)


class At:
    """A clock that stands still."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


class Seconds:
    """A clock of this process alone."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return self.passed


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def sweeper(storage: MongoStorage, seconds: Seconds) -> AsyncIterator[Sweeper]:
    """One that has seen "alive" and "dead" before, and "alive" again by now."""
    ledger, lives = ChainedLedger(storage.ledger, "test"), Lives(seconds)
    dead = Heartbeat("dead", 7)
    await storage.gateways.beat(dead, SystemClock().now())
    lives.note([dead, Heartbeat("alive", 7)])
    seconds.passed += 30
    await storage.gateways.beat(Heartbeat("alive", 8), SystemClock().now())
    parts = storage.gateways, storage.sessions, storage.holds
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        yield Sweeper(*parts, ledger, At(LATER), lives)
        running.cancel()


async def state(storage: MongoStorage, session_id: str) -> tuple[SessionState, Decision]:
    session = await storage.sessions.get(session_id)
    assert session is not None
    return session.state, session.decision


async def reason(storage: MongoStorage, session_id: str) -> str:
    """Why the session ended, as the session and the ledger both say."""
    session = await storage.sessions.get(session_id)
    assert session is not None
    [swept] = await storage.ledger.entries(session_id)
    assert swept.event.data["reason"] == session.reason
    return session.reason


async def test_what_a_dead_gateway_left_open_is_closed_as_indeterminate(
    storage: MongoStorage, sweeper: Sweeper
) -> None:
    mine = a_session(NOW, gateway="alive", decision=Decision.ALLOWED)
    orphan = a_session(NOW, gateway="dead", decision=Decision.ALLOWED)
    for session in (mine, orphan):
        await open_session(storage, session)
    await sweeper.sweep()
    assert await state(storage, mine.id) == (SessionState.OPEN, Decision.ALLOWED)
    assert await state(storage, orphan.id) == (SessionState.INDETERMINATE, Decision.ALLOWED)
    assert [e.event.kind for e in await storage.ledger.entries(orphan.id)] == ["session.swept"]


@pytest.mark.parametrize(
    ("event", "decision"),
    [
        (HoldEvent.DENY, Decision.DENIED),
        (HoldEvent.DEADLINE, Decision.EXPIRED),
        (HoldEvent.WITHDRAW, Decision.WITHDRAWN),
    ],
)
async def test_a_session_ends_as_its_hold_did_when_its_caller_had_left(
    storage: MongoStorage, sweeper: Sweeper, event: HoldEvent, decision: Decision
) -> None:
    hold = await storage.holds.open(a_hold())
    session = replace(a_session(NOW), hold_id=hold.id)
    await open_session(storage, session)
    await sweeper.sweep()
    assert await state(storage, session.id) == (SessionState.OPEN, Decision.PENDING)
    await storage.holds.move(hold, hold.after(event, NOW))
    await sweeper.sweep()
    assert await state(storage, session.id) == (SessionState.CLOSED, decision)


async def test_a_session_whose_approval_was_never_used_expires(
    storage: MongoStorage, sweeper: Sweeper
) -> None:
    hold = await storage.holds.open(a_hold())
    session = a_session(NOW, gateway="alive", hold_id=hold.id)
    await open_session(storage, session)
    approved = hold.after(HoldEvent.APPROVE, NOW)
    await storage.holds.move(hold, approved)
    await storage.holds.move(approved, approved.after(HoldEvent.LAPSE, NOW))
    await sweeper.sweep()
    assert await state(storage, session.id) == (SessionState.CLOSED, Decision.EXPIRED)
    assert await reason(storage, session.id) == "its hold ended (lapsed)"


async def test_an_approval_that_waits_for_its_caller_is_left_alone(
    storage: MongoStorage, sweeper: Sweeper
) -> None:
    hold: Hold = await storage.holds.open(a_hold())
    session = replace(a_session(NOW, gateway="dead"), hold_id=hold.id)
    await open_session(storage, session)
    await storage.holds.move(hold, hold.after(HoldEvent.APPROVE, NOW))
    await sweeper.sweep()
    assert await state(storage, session.id) == (SessionState.OPEN, Decision.PENDING)


async def test_what_a_gateway_claimed_before_it_died_was_approved_and_may_have_been_sent(
    storage: MongoStorage, sweeper: Sweeper
) -> None:
    hold = await storage.holds.open(a_hold())
    session = replace(a_session(NOW, gateway="dead"), hold_id=hold.id)
    await open_session(storage, session)
    approved = hold.after(HoldEvent.APPROVE, NOW)
    await storage.holds.move(hold, approved)
    await storage.holds.move(approved, approved.after(HoldEvent.CLAIM, NOW))
    await sweeper.sweep()
    assert await state(storage, session.id) == (SessionState.INDETERMINATE, Decision.APPROVED)


async def test_a_few_in_each_turn_and_all_in_a_round(
    storage: MongoStorage, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.record.sweeper._IN_A_TURN", 2)
    orphans = [a_session(NOW + timedelta(seconds=n), gateway="dead") for n in range(5)]
    for session in orphans:
        await open_session(storage, session)
    left = []
    for _ in range(3):
        await sweeper.sweep()
        open_ones = await storage.sessions.open_ones(after="", limit=9)
        left.append(len(open_ones))
    assert left == [3, 1, 0]


async def test_callers_of_a_gateway_that_died_wait_no_more(
    storage: MongoStorage, sweeper: Sweeper
) -> None:
    hold = await storage.holds.open(replace(a_hold(), callers=("dead:0", "alive:0", "dead:1")))
    await open_session(storage, a_session(NOW, gateway="dead", hold_id=hold.id))
    await sweeper.sweep()
    left = await storage.holds.get(hold.id)
    assert left is not None
    assert left.callers == ("alive:0",)


async def test_a_tool_call_is_withdrawn_whose_answer_ended_with_its_gateway(
    storage: MongoStorage, sweeper: Sweeper
) -> None:
    call = HeldCall("Bash", '{"command":"deploy"}')
    held = replace(a_hold(), tool=call)
    ended = await storage.holds.open(replace(held, key="ended", callers=("dead:0",)))
    both = ("dead:1", "alive:0")
    goes_on = await storage.holds.open(replace(held, id=new_id(NOW), key="goes on", callers=both))
    prompt = replace(a_hold(), id=new_id(NOW), key="prompt", callers=("dead:2",))
    await storage.holds.open(prompt)
    await sweeper.sweep()
    states = [await storage.holds.get(hold.id) for hold in (ended, goes_on, prompt)]
    assert [hold and hold.state for hold in states] == [
        HoldState.WITHDRAWN,
        HoldState.PENDING,
        HoldState.PENDING,
    ]


async def test_a_session_whose_client_left_before_anybody_was_asked_is_withdrawn(
    storage: MongoStorage, sweeper: Sweeper
) -> None:
    left = replace(a_session(NOW, gateway="alive"), hold_id="never-opened")
    begun = replace(a_session(LATER, gateway="alive"), hold_id="not-yet-opened")
    for session in (left, begun):
        await open_session(storage, session)
    await sweeper.sweep()
    assert await state(storage, left.id) == (SessionState.CLOSED, Decision.WITHDRAWN)
    assert await state(storage, begun.id) == (SessionState.OPEN, Decision.PENDING)


UNSENT = "the gateway stopped before it sent anything to the model"
UNSEEN = "the gateway died: the request may have been sent, and no answer to it was recorded"
CUT_SHORT = (
    "the gateway died while the model answered: what it sent after the recorded part is lost"
)
LEFT = "the client left before anybody could be asked"


@pytest.mark.parametrize(
    ("session", "because"),
    [
        (a_session(NOW, gateway="dead"), UNSENT),
        (a_session(LATER, gateway="dead"), UNSENT),
        (a_session(NOW, gateway="alive"), UNSENT),
        (a_session(NOW, gateway="alive", hold_id="never-opened"), LEFT),
        (a_session(LATER, gateway="dead", hold_id="never-opened"), LEFT),
        (a_session(NOW, gateway="dead", decision=Decision.ALLOWED), UNSEEN),
        (
            a_session(
                NOW,
                gateway="dead",
                decision=Decision.MASKED,
                answer=RecordedAnswer(200, (), NOW),
            ),
            CUT_SHORT,
        ),
    ],
    ids=["dead", "dead and young", "stopped", "left", "left young", "unseen", "cut short"],
)
async def test_a_session_that_the_sweeper_ended_says_what_may_have_been_sent(
    storage: MongoStorage, sweeper: Sweeper, session: Session, because: str
) -> None:
    await open_session(storage, session)
    await sweeper.sweep()
    unsent = because in {UNSENT, LEFT}
    assert await state(storage, session.id) == (
        (SessionState.CLOSED, Decision.WITHDRAWN)
        if unsent
        else (SessionState.INDETERMINATE, session.decision)
    )
    assert await reason(storage, session.id) == because


async def test_a_session_that_waits_for_its_decision_is_left_to_its_gateway_while_it_is_young(
    storage: MongoStorage, sweeper: Sweeper
) -> None:
    young = a_session(LATER - timedelta(minutes=2), gateway="alive")
    old = a_session(LATER - timedelta(minutes=2, milliseconds=1), gateway="alive")
    for session in (young, old):
        await open_session(storage, session)
    await sweeper.sweep()
    assert await state(storage, young.id) == (SessionState.OPEN, Decision.PENDING)
    assert await state(storage, old.id) == (SessionState.CLOSED, Decision.WITHDRAWN)


async def test_a_gateway_lives_whatever_its_clock_says(
    storage: MongoStorage, sweeper: Sweeper, seconds: Seconds
) -> None:
    """Its sessions seem to be five minutes old, here, as soon as they begin."""
    begun = a_session(NOW, gateway="another", decision=Decision.ALLOWED)
    await open_session(storage, begun)
    for beat in range(5):
        await storage.gateways.beat(Heartbeat("another", beat), SystemClock().now())
        await sweeper.sweep()
        seconds.passed += 29
    assert await state(storage, begun.id) == (SessionState.OPEN, Decision.ALLOWED)
    seconds.passed += 1
    await sweeper.sweep()
    assert await state(storage, begun.id) == (SessionState.INDETERMINATE, Decision.ALLOWED)


async def test_a_gateway_that_nobody_saw_yet_has_time_to_show_up(
    storage: MongoStorage, sweeper: Sweeper, seconds: Seconds
) -> None:
    begun = a_session(NOW, gateway="just started", decision=Decision.ALLOWED)
    await open_session(storage, begun)
    await sweeper.sweep()
    assert await state(storage, begun.id) == (SessionState.OPEN, Decision.ALLOWED)
    seconds.passed += 30
    await sweeper.sweep()
    assert await state(storage, begun.id) == (SessionState.INDETERMINATE, Decision.ALLOWED)


async def test_signs_of_life_of_a_gateway_long_gone_are_forgotten(
    storage: MongoStorage, sweeper: Sweeper, seconds: Seconds
) -> None:
    seconds.passed += 3600
    await storage.gateways.beat(Heartbeat("alive", 9), SystemClock().now())
    await sweeper.sweep()
    assert await storage.gateways.all() == (Heartbeat("alive", 9),)


@pytest.mark.parametrize("seconds_a_call", [0.0, ENDS_SECONDS])
@pytest.mark.parametrize("phase", [0.0, 1.2, 2.5, 4.9])
def test_a_gateway_that_was_killed_counts_as_dead_within_a_minute(
    phase: float, seconds_a_call: float
) -> None:
    """With the settings of production, also where each look at the database takes its longest."""
    seconds = Seconds()
    lives, killed_at = Lives(seconds), 10 * BEAT_SECONDS + 0.1
    seconds.passed = phase
    while True:
        beat = int(min(seconds.passed, killed_at) // BEAT_SECONDS)
        seconds.passed += seconds_a_call
        lives.note([Heartbeat("killed", beat)])
        if not lives.alive("killed"):
            break
        seconds.passed += SWEEP_SECONDS
    assert killed_at < seconds.passed + seconds_a_call <= killed_at + 60
