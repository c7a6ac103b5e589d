"""A burst in a channel: one message that says how many wait, and the queue behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk.web.async_client import AsyncWebClient

from app.domain.hold import HoldState
from app.domain.notice import Notice, NoticeKind
from sandbox.slack import BOT_TOKEN
from tests.bot.conftest import CLOCK
from tests.bot.delivery.test_watcher import cards

if TYPE_CHECKING:
    from tests.bot.conftest import Office


async def test_a_burst_has_a_digest_whose_queue_decides(office: Office) -> None:
    held = [await office.hold() for _ in range(30)]
    async with office.bot():
        maria = await office.slack.user("maria")
        digest = await maria.wait_for_message("more requests waiting")
        last = held[-1]
        assert not any(last.id[-6:].upper() in card.words for card in cards(maria))
        await maria.click(digest, "Open the queue")
        queue = await maria.wait_for_view("1 to 12 of 30, the oldest first")
        await maria.click(queue, "Newer →")
        queue = await maria.wait_for_view("13 to 24 of 30")
        assert held[12].id[-6:].upper() in queue.words
        await maria.click(queue, "Approve")
        queue = await maria.wait_for_view("13 to 24 of 29")
        await maria.click(queue, "← Older")
        await maria.wait_for_view("1 to 12 of 29")
    decided = await office.storage.holds.get(held[12].id)
    assert decided is not None
    assert decided.state is HoldState.APPROVED


async def test_the_queue_is_still_there_after_a_look_and_a_denial(office: Office) -> None:
    held = [await office.hold() for _ in range(12)]
    async with office.bot():
        maria = await office.slack.user("maria")
        digest = await maria.wait_for_message("more requests waiting")
        await maria.click(digest, "Open the queue")
        first, second = (one.id[-6:].upper() for one in held[:2])
        queue = await maria.wait_for_view(first)
        await maria.click(queue, "View full")
        await maria.wait_for_view("secrets are masked")
        await maria.close_view()
        assert "The queue" in maria.views[-1].words
        await maria.click(maria.views[-1], "Deny…")
        await maria.wait_for_view("One denial")
        await maria.submit({"category": "Not needed"})
        await maria.wait_for_view(lambda view: first not in view.words and second in view.words)
    denied = await office.storage.holds.get(held[0].id)
    assert denied is not None
    assert denied.state is HoldState.DENIED


async def test_a_few_have_no_digest(office: Office) -> None:
    held = [await office.hold() for _ in range(4)]
    async with office.bot():
        maria = await office.slack.user("maria")
        await maria.wait_for_message(held[-1].id[-6:].upper())
        assert not any("waiting" in message.text for message in maria.messages("approvals"))


async def test_a_digest_that_a_killed_bot_left_is_taken_down(office: Office) -> None:
    held = [await office.hold() for _ in range(30)]
    async with office.bot(slack_post_seconds=5.0):
        maria = await office.slack.user("maria")
        digest = await maria.wait_for_message("more requests waiting")
    for one in held:
        await office.storage.holds.settle(one)
    async with office.bot():
        await maria.wait_until_gone(digest)


async def test_a_digest_in_doubt_is_found_and_taken_down(office: Office) -> None:
    notice = Notice("digest:approvals", "", NoticeKind.DIGEST, "approvals")
    await office.storage.notices.ensure(notice)
    now = CLOCK.now()
    leased = await office.storage.notices.lease(notice, by="bot", now=now, until=now)
    assert leased is not None
    client = AsyncWebClient(BOT_TOKEN, base_url=f"{office.slack.base_url}/api/")
    about = {"event_type": "abeyance_hold", "event_payload": {"notice": notice.id}}
    await client.chat_postMessage(channel="approvals", text="3 more", metadata=about)
    maria = await office.slack.user("maria")
    posted = await maria.wait_for_message("3 more")
    async with office.bot():
        await maria.wait_until_gone(posted)
