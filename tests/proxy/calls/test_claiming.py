"""Of attempts that need the same approvals, one gets all of them."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.domain.hold import HoldEvent, HoldState, Vote
from app.domain.tool_call import HeldCall
from app.telemetry import Metrics
from proxy.calls.asked import CallAsked, Claim
from proxy.calls.asking import CallAsking
from proxy.holds.granted import Granted
from proxy.holds.limits import AskingLimits
from proxy.holds.turns import RequesterTurns
from tests.app.storage.test_mongo import JOB, MARIA, NOW, a_hold
from tests.policies.passages.questions import fired, verdict
from tests.proxy.test_facts import Sent
from tests.proxy.test_holding import SetClock, waiting_for

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.storage.store import MongoStorage
    from proxy.holds.holding import Holding
    from proxy.record.recording import Recording

NAMES = ("one", "three", "two")
ORDERS = list(itertools.permutations(NAMES))


async def still_admitted(_: Identity) -> None:
    """Every key counts."""


async def approved(storage: MongoStorage, name: str) -> Hold:
    made = replace(a_hold(name), tool=HeldCall("Bash", name))
    once = Vote(MARIA, approve=True, at=NOW, sets=("managers",), once=True)
    hold = await storage.holds.open(replace(made, id=name, verdict=verdict(fired("rule", name))))
    after = hold.after(HoldEvent.APPROVE, NOW, once)
    await storage.holds.move(hold, after)
    return after


def asking_of(storage: MongoStorage, holding: Holding) -> CallAsking:
    clock, ledger = SetClock(NOW), ChainedLedger(storage.ledger, "unused")
    return CallAsking(
        RequesterTurns(storage.leases, "me"),
        holding,
        Granted(storage.grants, ledger, clock),
        clock,
        AskingLimits(1.0, 10),
        Metrics(lambda: ("r1", False)),
        still_admitted,
    )


def claim(hold: Hold, recording: Recording) -> Claim:
    call = HeldCall("Bash", hold.id)
    asked = CallAsked(JOB, Sent().read(), recording, hold.verdict, call, "", 1.0)
    return Claim(asked, hold)


@pytest.mark.parametrize("mine", ORDERS, ids="-".join)
@pytest.mark.parametrize("theirs", ORDERS, ids="-".join)
async def test_of_two_answers_with_the_same_calls_one_gets_all_approvals(
    storage: MongoStorage, mine: tuple[str, ...], theirs: tuple[str, ...]
) -> None:
    holds = {name: await approved(storage, name) for name in NAMES}
    async with waiting_for(storage, a_hold("asks"), SetClock(NOW)) as (holding, recording):
        asking = asking_of(storage, holding)
        unused = await asyncio.gather(
            asking.claim_all([claim(holds[name], recording) for name in mine]),
            asking.claim_all([claim(holds[name], recording) for name in theirs]),
        )
    assert sorted(map(len, unused)) == [0, len(NAMES)]


@pytest.mark.parametrize("is_asked_again", [False, True])
async def test_an_approval_is_given_back_unless_the_same_is_asked_again_by_now(
    storage: MongoStorage, *, is_asked_again: bool
) -> None:
    hold = await approved(storage, "one")
    async with waiting_for(storage, a_hold("asks"), SetClock(NOW)) as (holding, recording):
        asking, mine = asking_of(storage, holding), claim(hold, recording)
        assert await asking.claim(mine)
        again = replace(hold, id="again", state=HoldState.PENDING, votes=())
        if is_asked_again:
            assert await storage.holds.open(again) == again
        await asking.give_back(mine)
        waits = await storage.holds.find_open(hold.key)
    left = await storage.holds.get(hold.id)
    assert waits is not None
    assert left is not None
    assert (waits.id, left.state) == (
        (again.id, HoldState.RELEASED) if is_asked_again else (hold.id, HoldState.APPROVED)
    )


async def test_what_comes_after_a_lost_approval_is_left_to_others(storage: MongoStorage) -> None:
    holds = {name: await approved(storage, name) for name in NAMES}
    async with waiting_for(storage, a_hold("asks"), SetClock(NOW)) as (holding, recording):
        asking = asking_of(storage, holding)
        first, second, last = [claim(holds[name], recording) for name in NAMES]
        assert await asking.claim(second)
        assert await asking.claim_all([last, second, first]) == (second, last)
    states = [(await storage.holds.get(holds[name].id)) for name in NAMES]
    assert [hold.state for hold in states if hold] == [
        HoldState.RELEASED,
        HoldState.RELEASED,
        HoldState.APPROVED,
    ]
