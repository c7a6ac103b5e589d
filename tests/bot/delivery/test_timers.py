"""Reminder and escalation: in time, once, whichever bot is alive; and they let others decide."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.event import EventKind
from app.domain.hold import HoldEvent, HoldState
from tests.bot.delivery.test_watcher import all_settled, move
from tests.bot.handlers.test_decide import current

if TYPE_CHECKING:
    from sandbox.slack.people.driver import SeenMessage, SlackUser
    from tests.bot.conftest import Office

SOON = timedelta(seconds=0.3)
ESCALATING = {"escalate_after": SOON, "escalate_to": ("auditors",)}


def said(user: SlackUser, part: str) -> list[SeenMessage]:
    return [m for m in user.messages("approvals") if part in m.words and m.thread_ts]


async def test_a_reminder_calls_the_approvers_in_the_thread_once(office: Office) -> None:
    async with office.bot(), office.bot():
        maria = await office.slack.user("maria")
        await office.hold(terms={"remind_after": SOON})
        card = await maria.wait_for_message("Approval needed")
        told = await maria.wait_for_message("still waiting for an approval")
        assert told.thread_ts == card.ts
        assert "<!subteam^S0MANAGERS>" in told.words
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "*Approved*")
    assert len(said(maria, "still waiting")) == 1


async def test_an_escalation_calls_others_and_lets_them_decide(office: Office) -> None:
    async with office.bot():
        ines = await office.slack.user("ines")
        held = await office.hold(terms=ESCALATING)
        card = await ines.wait_for_message("Approval needed")
        told = await ines.wait_for_message("escalated to")
        assert "<!subteam^S0AUDITORS>" in told.words
        card = await ines.wait_for_change(card, "Escalated to auditors")
        await ines.click(card, "Approve")
        await ines.wait_for_change(card, "*Approved*")
    events = await office.events(held.session_id)
    assert [e.kind for e in events].count(EventKind.HOLD_ESCALATED) == 1


async def test_an_escalation_to_nobody_says_so(office: Office) -> None:
    await office.slack.settings(usergroups={"auditors": []})
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(terms=ESCALATING)
        await maria.wait_for_message("was to be escalated to auditors, but that set has no members")


async def test_before_its_time_nobody_of_an_escalation_decides(office: Office) -> None:
    async with office.bot():
        ines = await office.slack.user("ines")
        held = await office.hold(terms=ESCALATING | {"escalate_after": timedelta(minutes=5)})
        await ines.click(await ines.wait_for_message("Approval needed"), "Approve")
        await ines.wait_for_message("not among the people who may decide")
    waiting = await office.storage.holds.get(held.id)
    assert waiting is not None
    assert waiting.state is HoldState.PENDING


async def test_what_was_due_while_no_bot_ran_is_said_at_the_next_start(office: Office) -> None:
    past = {"remind_after": timedelta(0), "escalate_after": timedelta(0)}
    await office.hold(terms={**past, "escalate_to": ("auditors",)})
    async with office.bot():
        maria = await office.slack.user("maria")
        await maria.wait_for_message("still waiting")
        await maria.wait_for_message("escalated to")
    async with office.bot():
        again = await office.slack.user("marcus")
        await office.hold()
        await again.wait_for_message("Approval needed")
    assert (len(said(again, "still waiting")), len(said(again, "escalated to"))) == (1, 1)


async def test_a_decision_has_a_new_title_and_no_reply(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve")
        card = await maria.wait_for_change(card, "*Approved*")
        assert card.text == "✅ Approved: Dana Reyes → gpt-4o: production"
        await move(office, await current(office, held), HoldEvent.CLAIM)
        await maria.wait_for_change(card, "released")
        await all_settled(office)
        assert [message.ts for message in maria.messages("approvals")] == [card.ts]


async def test_votes_that_count_together_are_told_on_the_card(office: Office) -> None:
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        await office.hold(terms={"quorum": 2, "majority_denies": True})
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Deny…")
        await maria.submit({"category": "Other", "reason": "too broad"})
        card = await maria.wait_for_change(card, "was against it: Other – too broad")
        assert "1 against" in card.words
        assert "Approve" in card.buttons
        await marcus.click(card, "Deny…")
        await marcus.submit({"category": "Other"})
        await marcus.wait_for_change(card, "*Denied* by")
