"""Messages whose posting ended in the dark: found again, never doubled, never lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.domain.notice import Notice, NoticeKind
from sandbox.slack import BOT_TOKEN
from tests.bot.conftest import CLOCK
from tests.bot.delivery.test_watcher import cards

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from tests.bot.conftest import Office


async def left_in_doubt(office: Office, held: Hold) -> Notice:
    """A lease for the card of this hold that ended without a record."""
    notice = Notice(f"card:{held.id}", held.id, NoticeKind.CARD, "approvals")
    await office.storage.notices.ensure(notice)
    now = CLOCK.now()
    leased = await office.storage.notices.lease(
        notice, by="bot", now=now, until=now + timedelta(seconds=9)
    )
    assert leased is not None
    await office.storage.notices.doubt(leased, now=now)
    return leased


async def test_a_card_that_was_posted_and_not_recorded_is_adopted(office: Office) -> None:
    held = await office.hold()
    notice = await left_in_doubt(office, held)
    client = AsyncWebClient(BOT_TOKEN, base_url=f"{office.slack.base_url}/api/")
    about = {"event_type": "abeyance_hold", "event_payload": {"notice": notice.id}}
    await client.chat_postMessage(channel="approvals", text="request held", metadata=about)
    async with office.bot():
        maria = await office.slack.user("maria")
        await maria.wait_for_message("Approval needed")
        assert len(cards(maria)) == 1


async def test_a_card_that_was_not_posted_after_all_is_posted(office: Office) -> None:
    await left_in_doubt(office, await office.hold())
    async with office.bot():
        maria = await office.slack.user("maria")
        await maria.wait_for_message("Approval needed")
        assert len(cards(maria)) == 1


async def test_who_may_not_look_posts_rather_than_says_nothing(office: Office) -> None:
    await office.slack.settings(bot_scopes=["chat:write", "users:read", "users:read.email"])
    await left_in_doubt(office, await office.hold())
    async with office.bot():
        await (await office.slack.user("maria")).wait_for_message("Approval needed")


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_a_slack_that_fails_again_and_again_shows_each_card_once(
    office: Office, method: str
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        first, second = await office.hold(), await office.hold()
        await office.slack.fail_calls(500, times=3, method=method)
        await maria.wait_for_message(second.id[-6:].upper())
        await maria.wait_for_message(first.id[-6:].upper())
        assert len(cards(maria)) == 2
