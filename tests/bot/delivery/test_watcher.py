"""What Slack shows follows the holds: once each, in time, whatever fails on the way."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import Hold, HoldEvent, HoldState, Person, Vote
from app.domain.notice import Notice, NoticeKind
from app.ids import short
from sandbox.slack import BOT_TOKEN
from tests.bot.values import DANA, MARIA

if TYPE_CHECKING:
    from sandbox.slack.people.driver import SeenMessage, SlackUser
    from tests.bot.conftest import Office

CLOCK = SystemClock()


def cards(user: SlackUser) -> list[SeenMessage]:
    return [m for m in user.messages("approvals") if " risk · " in m.words]


async def move(office: Office, held: Hold, event: HoldEvent, by: Person | None = None) -> Hold:
    now = CLOCK.now()
    vote = Vote(by, event is not HoldEvent.DENY, now) if by else None
    moved = held.after(event, now, vote)
    await office.storage.holds.move(held, moved)
    return moved


async def all_settled(office: Office) -> None:
    """Wait, by the change stream, until no hold has anything left to be told."""
    opened = asyncio.Event()
    async with asyncio.timeout(10), contextlib.aclosing(office.storage.holds.watch(opened)) as seen:
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(anext(seen))
            await opened.wait()
            if not await office.storage.holds.unsettled():
                first.cancel()
                return
        while await office.storage.holds.unsettled():
            await anext(seen)


async def test_a_card_that_was_posted_is_brought_up_to_date_and_no_part_of_the_summary(
    office: Office,
) -> None:
    maria = await office.slack.user("maria")
    async with office.bot():
        asked = await office.hold()
        card = await maria.wait_for_message("Approval needed")
    await move(office, asked, HoldEvent.DEADLINE)
    unasked = await office.hold()
    await move(office, unasked, HoldEvent.DEADLINE)
    async with office.bot():
        line = await maria.wait_for_message("*1 request ended before anyone was asked*")
        await maria.wait_for_change(card, "Expired")
        await all_settled(office)
    assert short(unasked.id) in line.words
    assert short(asked.id) not in line.words
    assert len(maria.messages("approvals")) == 2


async def test_nobody_answers_and_everybody_is_told(office: Office) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold(seconds=2)
        card = await maria.wait_for_message("Approval needed")
        card = await maria.wait_for_change(card, "Expired")
        assert "no one answered" in card.words
        assert card.buttons == ["Record"]
        told = await dana.wait_for_message("expired: no one answered in time")
        for part in ("production-needs-a-manager", "managers", "What to do now"):
            assert part in told.words
    expired = await office.storage.holds.get(held.id)
    assert expired is not None
    assert expired.state is HoldState.EXPIRED
    moved = (await office.events(held.session_id))[-1]
    assert (moved.kind, moved.data["state"]) == (EventKind.HOLD_MOVED, "expired")


async def test_what_ended_while_no_bot_ran_is_one_line_and_no_card_each(office: Office) -> None:
    names = [(await office.hold(seconds=-1)).id[-6:].upper() for _ in range(5)]
    withdrawn = await move(office, await office.hold(), HoldEvent.WITHDRAW)
    async with office.bot():
        maria = await office.slack.user("maria")
        line = await maria.wait_for_message("*6 requests ended before anyone was asked*")
        assert "5 expired, 1 withdrawn" in line.words
        assert all(name in line.words for name in [*names, withdrawn.id[-6:].upper()])
        await all_settled(office)
        assert [message.ts for message in maria.messages("approvals")] == [line.ts]
    async with office.bot():
        await office.hold()
        await maria.wait_for_message("Approval needed")
        assert len(maria.messages("approvals")) == 2


async def test_what_ends_while_slack_takes_no_message_is_told_together(office: Office) -> None:
    # Nobody knows of these calls whether they posted anything.
    await office.slack.fail_calls(500, times=4, method="chat.postMessage")
    async with office.bot(away_seconds=0.5):
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = [await office.hold() for _ in range(3)]
        line = await maria.wait_for_message("requests ended before anyone was asked", within=30)
        assert "withdrawn" in line.words
        assert "Slack does not answer" in line.words
        for name in (hold.id[-6:].upper() for hold in held):
            await maria.wait_for_message(name, within=30)
        # What comes a second after the others has a line of its own.
        assert len(maria.messages("approvals")) < len(held)
        await dana.wait_for_message(held[-1].id[-6:].upper(), within=30)
        assert cards(maria) == []


async def test_an_approval_that_nobody_collects_lapses(office: Office) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold(keep_seconds=0.3)
        await move(office, held, HoldEvent.APPROVE, MARIA)
        await maria.wait_for_message("but never used")
        await dana.wait_for_message("not sent again in time")


async def test_who_left_hears_of_the_approval_and_the_message_is_updated(office: Office) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await office.storage.holds.leave(held.id, "gateway:0")
        card = await maria.wait_for_change(card, "The requester disconnected")
        await maria.click(card, "Approve")
        told = await dana.wait_for_message("is approved. Send it again")
        await maria.wait_for_change(card, "valid for a retry until")
        approved = await office.storage.holds.get(held.id)
        assert approved is not None
        await move(office, approved, HoldEvent.CLAIM)
        await office.storage.holds.note_outcome(held.id, "upstream answered 200")
        await dana.wait_for_change(told, "has gone through")
        await maria.wait_for_change(card, "released · upstream answered 200")
        assert len(dana.messages("abeyance")) == 1


async def test_an_approval_at_hand_makes_no_direct_message(office: Office) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        approved = await move(office, held, HoldEvent.APPROVE, MARIA)
        await move(office, approved, HoldEvent.CLAIM)
        await office.storage.holds.note_outcome(held.id, "upstream answered 200")
        await maria.wait_for_change(card, "upstream answered 200")
        assert dana.messages("abeyance") == []


async def test_a_requester_who_is_not_in_slack_is_noted_on_the_card(office: Office) -> None:
    stranger = replace(DANA, email="nobody@elsewhere.example")
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(requester=stranger)
        card = await maria.wait_for_message("Approval needed")
        assert "not known in Slack" in card.words


@pytest.mark.parametrize("status", [429, 500])
async def test_a_slack_that_fails_gets_the_card_later_and_once(office: Office, status: int) -> None:
    await office.slack.fail_calls(status, times=1, method="chat.postMessage", retry_after=1)
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold()
        await maria.wait_for_message("Approval needed")
        assert len(cards(maria)) == 1


async def test_two_bots_make_one_card_of_each_hold(office: Office) -> None:
    async with office.bot(), office.bot():
        maria = await office.slack.user("maria")
        held = [await office.hold() for _ in range(4)]
        for one in held:
            await maria.wait_for_message(one.id[-6:].upper())
        last = await maria.wait_for_message(held[0].id[-6:].upper())
        await maria.click(last, "Approve")
        await maria.wait_for_change(last, "*Approved*")
        assert len(cards(maria)) == 4


async def test_two_bots_expire_a_hold_once(office: Office) -> None:
    async with office.bot(), office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold(seconds=0.3)
        await maria.wait_for_message("xpired")
        await all_settled(office)
    kinds = [event.kind for event in await office.events(held.session_id)]
    assert kinds[0] is EventKind.HOLD_MOVING
    assert kinds.count(EventKind.HOLD_MOVED) == 1


async def test_what_happened_while_no_bot_ran_is_told_at_the_next_start(office: Office) -> None:
    waiting = await office.hold()
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        card = await maria.wait_for_message("Approval needed")
    denied = await move(office, waiting, HoldEvent.DENY, MARIA)
    async with office.bot():
        await maria.wait_for_change(card, "*Denied* by")
        await dana.wait_for_message("was denied")
        assert len(cards(maria)) == 1
    assert denied.state is HoldState.DENIED


async def test_a_hold_whose_story_is_told_is_settled(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold(seconds=2)
        await maria.wait_for_change(await maria.wait_for_message("Approval needed"), "Expired")
        dana = await office.slack.user("dana")
        await dana.wait_for_message("expired")
        await all_settled(office)
    notices = await office.storage.notices.of_hold(held.id)
    assert sorted(notice.kind.value for notice in notices) == ["card", "direct"]


async def test_a_card_that_somebody_deleted_comes_back_when_there_is_news(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        client = AsyncWebClient(BOT_TOKEN, base_url=f"{office.slack.base_url}/api/")
        await client.chat_delete(channel=card.channel, ts=card.ts)
        await maria.wait_until_gone(card)
        await move(office, held, HoldEvent.DENY, MARIA)
        await maria.wait_for_message("*Denied* by", channel="approvals")


async def test_without_a_channel_the_requester_hears_at_once_that_nobody_was_asked(
    office: Office,
) -> None:
    async with office.bot(slack_channel="nowhere"):
        dana = await office.slack.user("dana")
        held = await office.hold()
        told = await dana.wait_for_message("no approver could be reached")
        assert (
            "the card can't be posted in Slack's channel nowhere (there is no such channel"
            in told.words
        )
    over = await office.storage.holds.get(held.id)
    assert over is not None
    assert over.state is HoldState.WITHDRAWN


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("restricted_action_read_only_channel", "only its managers may post there"),
        ("message_limit_exceeded", "Slack says: message limit exceeded"),
    ],
)
async def test_whatever_slack_refuses_a_card_for_the_caller_hears_it_soon(
    office: Office, error: str, told: str
) -> None:
    await office.slack.refuse_calls("chat.postMessage", error, times=3)
    async with office.bot():
        dana = await office.slack.user("dana")
        held = await office.hold()
        said = await dana.wait_for_message("no approver could be reached")
        assert told in said.words
    over = await office.storage.holds.get(held.id)
    assert over is not None
    assert over.state is HoldState.WITHDRAWN


async def test_a_refusal_that_passes_costs_nobody_their_card(office: Office) -> None:
    await office.slack.refuse_calls("chat.postMessage", "team_not_found", times=2)
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold()
        await maria.wait_for_message("Approval needed")


async def test_one_of_several_approvers_who_cannot_be_written_to_does_not_end_it(
    office: Office,
) -> None:
    await office.slack.refuse_calls("chat.postMessage", "channel_not_found", times=1)
    async with office.bot(slack_channel="dm"):
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        await office.hold()
        await maria.wait_for_message("Approval needed", channel="abeyance")
        await marcus.wait_for_message("Approval needed", channel="abeyance")


async def test_a_message_that_a_killed_bot_had_in_hand_is_taken_over(office: Office) -> None:
    held = await office.hold()
    notice = Notice(f"card:{held.id}", held.id, NoticeKind.CARD, "approvals")
    await office.storage.notices.ensure(notice)
    now = CLOCK.now()
    until = now + timedelta(seconds=0.5)
    assert await office.storage.notices.lease(notice, by="bot", now=now, until=until) is not None
    async with office.bot():
        maria = await office.slack.user("maria")
        await maria.wait_for_message("Approval needed")
        assert len(cards(maria)) == 1


async def test_a_form_that_does_not_open_is_told_to_whoever_clicked(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await office.slack.fail_calls(500, method="views.open")
        await maria.click(card, "Deny…")
        note = await maria.wait_for_message("That didn't work")
        assert note.is_ephemeral


async def test_slack_renews_its_sockets_and_no_click_is_lost(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await office.slack.disconnect_app("refresh_requested")
        await office.slack.wait_for_app(2)
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "*Approved*")


async def test_a_secret_in_the_stated_reason_is_masked_on_the_card(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(reason="rotating AKIAIOSFODNN7EXAMPLQ today")
        card = await maria.wait_for_message("Approval needed")
        assert "rotating" in card.words
        assert "AKIA" not in card.words
