"""The requester's message: one for each task, posted once they have waited, and never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldEvent
from app.domain.notice import NoticeKind
from tests.bot.delivery.test_watcher import move
from tests.bot.values import MARIA

if TYPE_CHECKING:
    from tests.bot.conftest import Office


async def test_all_requests_of_a_task_share_one_message(office: Office) -> None:
    async with office.bot(tell_after_seconds=0):
        dana = await office.slack.user("dana")
        first = await office.hold(task="task")
        told = await dana.wait_for_message("is waiting for approval")
        second = await office.hold(task="task")
        name = second.id[-6:].upper()
        told = await dana.wait_for_change(told, f"Your request {name} is waiting")
        assert told.buttons == ["Withdraw", "Withdraw"]
        await move(office, second, HoldEvent.APPROVE, MARIA)
        told = await dana.wait_for_change(told, "approved by <@U0MARIA001>")
        assert first.id[-6:].upper() in told.text, "what is still waiting comes first"
        await move(office, first, HoldEvent.DENY, MARIA)
        await dana.wait_for_change(told, "denied by")
        assert len(dana.messages("abeyance")) == 1


async def test_who_does_not_wait_long_hears_nothing_in_slack(office: Office) -> None:
    async with office.bot(tell_after_seconds=600):
        maria = await office.slack.user("maria")
        held = await office.hold()
        await maria.click(await maria.wait_for_message("Approval needed"), "Approve")
        await maria.wait_for_message("*Approved*")
        approved = await office.storage.holds.get(held.id)
        assert approved is not None
        await move(office, approved, HoldEvent.CLAIM)
        await office.storage.holds.note_outcome(held.id, "upstream answered 200")
        await maria.wait_for_message("released · upstream answered 200")
        kinds = {notice.kind for notice in await office.storage.notices.of_hold(held.id)}
        assert kinds == {NoticeKind.CARD}


async def test_who_has_waited_for_a_while_is_told_without_any_other_news(office: Office) -> None:
    async with office.bot(tell_after_seconds=0.5):
        dana = await office.slack.user("dana")
        await office.hold()
        await dana.wait_for_message(
            lambda told: "is waiting for approval" in told.words and "*Card*" in told.words
        )


async def test_a_bot_that_comes_back_goes_on_with_the_message_of_the_task(office: Office) -> None:
    dana = await office.slack.user("dana")
    async with office.bot(tell_after_seconds=0):
        await office.hold(task="task")
        told = await dana.wait_for_message("is waiting for approval")
    later = await office.hold(task="task")
    async with office.bot(tell_after_seconds=600):
        await dana.wait_for_change(told, later.id[-6:].upper())
        assert len(dana.messages("abeyance")) == 1


async def test_a_card_that_others_have_in_their_own_messages_is_not_linked(office: Office) -> None:
    async with office.bot(tell_after_seconds=0):
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        await office.hold(terms={"channel": "dm"})
        told = await dana.wait_for_message("is waiting for approval")
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve")
        told = await dana.wait_for_change(told, "approved")
        assert "*Card*" not in told.words
