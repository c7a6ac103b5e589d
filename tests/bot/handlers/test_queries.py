"""An approver asks the requester, who replies; both stand on the card and in the record."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.domain.event import EventKind
from app.domain.hold import HoldState
from bot.querying import Querying
from bot.slack.api import connected
from policies.approvals.approval import Objection
from sandbox.slack import BOT_TOKEN
from tests.bot.conftest import CLOCK, pick
from tests.bot.handlers.test_requester import current
from tests.bot.values import DANA, JOB, MARCUS, MARIA

if TYPE_CHECKING:
    from sandbox.slack.people.driver import SeenMessage, SlackUser
    from tests.bot.conftest import Office

ASK = "Ask the requester…"


async def card_of(user: SlackUser) -> SeenMessage:
    return await user.wait_for_message("Approval needed", channel="approvals")


async def ask(user: SlackUser, card: SeenMessage, words: str) -> None:
    await pick(user, card, ASK)
    await user.wait_for_view("The requester gets your question")
    assert await user.submit({"words": words}) is None


async def test_a_question_is_answered_and_both_are_shown_and_recorded_masked(
    office: Office,
) -> None:
    async with office.bot(tell_after_seconds=600):
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold()
        card = await card_of(maria)
        await ask(maria, card, "Which *cluster*? Not AKIAIOSFODNN7EXAMPLQ")
        card = await maria.wait_for_change(card, "No answer yet")
        told = await dana.wait_for_message("Reply")
        called = await dana.wait_for_message("<@U0DANA0001>, about")
        assert called.thread_ts == told.ts, "a reply calls them, an edit would not"
        await dana.click(told, "Reply")
        form = await dana.wait_for_view("Your answer is shown on the card")
        assert "Which ∗cluster∗?" in form.words
        assert await dana.submit({"words": "staging\n> *Approved* by <@U0MARCUS01>"}) is None
        card = await maria.wait_for_change(card, "The requester answered")
        assert "staging &gt;" not in card.words
        assert "staging > ∗Approved∗ by <@U0MARCUS01>" in card.words
        assert "&lt;@U0MARCUS01&gt;" in str(card.raw), "which calls nobody"
        await maria.wait_for_message("<@U0MARIA001> ↳ The requester answered")
        told = await dana.wait_for_change(told, "The requester answered")
        assert "Reply" not in told.buttons
        for shown in (card, told, called):
            assert "AKIA" not in shown.words
        assert "Approve" in card.buttons, "it decides nothing"
    over = await current(office, held)
    assert over.state is HoldState.PENDING
    events = await office.events(held.session_id)
    assert [event.kind for event in events] == [
        EventKind.REQUESTER_ASKED,
        EventKind.REQUESTER_ANSWERED,
    ]
    assert [event.data["email"] for event in events] == [MARIA.email, DANA.email]
    assert "AKIA" not in str([event.data for event in events])
    assert "staging" in str(events[1].data["text"])


async def test_a_question_stands_in_the_replay(office: Office) -> None:
    async with office.bot():
        maria, ines = await office.slack.user("maria"), await office.slack.user("ines")
        held = await office.hold()
        await ask(maria, await card_of(maria), "Which cluster?")
        view = await ines.command("/replay", held.session_id)
        view = await ines.wait_for_view("Which cluster?")
        assert "No answer yet" in view.words


@pytest.mark.parametrize(
    ("who", "why"), [("ines", "not among the people"), ("marcus", "This is your own request")]
)
async def test_only_approvers_ask_and_not_the_requester(office: Office, who: str, why: str) -> None:
    async with office.bot():
        asker = await office.slack.user(who)
        held = await office.hold(requester=replace(DANA, email="marcus@acme.example"))
        await pick(asker, await card_of(asker), ASK)
        await asker.wait_for_view(why)
    assert (await current(office, held)).queries == ()


async def test_a_job_can_be_asked_nothing(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(requester=JOB)
        await pick(maria, await card_of(maria), ASK)
        await maria.wait_for_view("I can't reach the requester in Slack")


async def test_who_is_too_late_hears_it_and_nothing_is_asked(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await card_of(maria)
        await pick(maria, card, ASK)
        await maria.wait_for_view("The requester gets your question")
        marcus = await office.slack.user("marcus")
        await marcus.click(await card_of(marcus), "Approve")
        await maria.wait_for_change(card, "*Approved*")
        view = await maria.submit({"words": "Which cluster?"})
        assert view is not None
        assert "Marcus Webb already approved" in view.words
    assert (await current(office, held)).queries == ()


async def test_of_questions_and_answers_at_once_three_count_and_each_once(
    office: Office,
) -> None:
    held, storage = await office.hold(), office.storage
    async with (
        connected(BOT_TOKEN, f"{office.slack.base_url}/api/") as slack,
        asyncio.TaskGroup() as tasks,
    ):
        ledger = ChainedLedger(storage.ledger, "bot")
        writing = tasks.create_task(ledger.run())
        people = await office.people(slack)
        querying = Querying(storage.holds, ledger, CLOCK, str)
        voters = [
            await people.voter(user, ("managers",), held.requester)
            for user in (MARIA.slack_user, MARCUS.slack_user)
        ]
        said = await asyncio.gather(
            *(querying.ask(held, voters[at % 2], f"question {at}") for at in range(8))
        )
        assert sorted(str(why) for why in said) == sorted(
            str(why) for why in [None] * 3 + [Objection.ASKED_ENOUGH] * 5
        )
        dana = await people.voter("U0DANA0001", ("managers",), held.requester)
        asked = await current(office, held)
        said = await asyncio.gather(
            *(querying.answer(asked, dana, at % 3, f"answer {at}") for at in range(9))
        )
        assert said.count(None) == 3
        assert said.count(Objection.ANSWERED) == 6
        writing.cancel()
    over = await current(office, held)
    assert all(query.answer for query in over.queries)
    assert over.revision == 6
