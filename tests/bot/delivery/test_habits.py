"""A rule that is always approved says so on its cards, and the storage is asked once a minute."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.hold import HoldEvent, HoldState, Vote
from app.ids import new_id
from bot.delivery.habits import Habits
from policies.approvals.habits import ADVICE, ENOUGH, always_approved
from tests.bot.conftest import CLOCK
from tests.bot.values import MARIA, NOW, hold, vote

if TYPE_CHECKING:
    from app.storage.store import MongoStorage
    from tests.bot.conftest import Office


def test_fifty_approvals_in_a_row_are_a_habit_and_one_denial_ends_it() -> None:
    approved = hold(state=HoldState.RELEASED, votes=(vote(MARIA),))
    denied = hold(state=HoldState.DENIED, votes=(vote(MARIA, approve=False),))
    assert not always_approved([approved] * 49)
    assert always_approved([approved] * 50)
    assert not always_approved([approved] * (ENOUGH - 1) + [denied])
    assert always_approved([approved] * ENOUGH + [denied])


async def decided(storage: MongoStorage, count: int, event: HoldEvent) -> None:
    said = Vote(MARIA, event is not HoldEvent.DENY, NOW)
    for _ in range(count):
        one = hold(id=new_id(CLOCK.now()), key=new_id(CLOCK.now()))
        await storage.holds.open(one)
        await storage.holds.move(one, one.after(event, NOW, said))


async def test_a_rule_is_looked_up_once_a_minute(storage: MongoStorage) -> None:
    now = 0.0
    habits = Habits(storage.holds, lambda: now)
    nameless = replace(hold().verdict, fired=())
    assert not await habits.has(hold())
    await decided(storage, ENOUGH, HoldEvent.APPROVE)
    assert not await habits.has(hold())
    now = 60.0
    assert await habits.has(hold())
    assert not await habits.has(hold(verdict=nameless))
    await decided(storage, 1, HoldEvent.DENY)
    assert await habits.has(hold())
    now = 120.0
    assert not await habits.has(hold())


async def test_a_card_of_such_a_rule_says_so_until_it_is_decided(office: Office) -> None:
    await decided(office.storage, ENOUGH, HoldEvent.APPROVE)
    for one in await office.storage.holds.unsettled():
        await office.storage.holds.settle(one)
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold()
        card = await maria.wait_for_message(ADVICE)
        await maria.click(card, "Approve")
        card = await maria.wait_for_change(card, "*Approved*")
        assert ADVICE not in card.words
