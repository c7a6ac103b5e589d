"""An approval with a note, and an approval for a time that its approver chooses."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.hold import Hold, HoldState
from bot.decisions import Taken
from bot.slack.api import connected
from bot.views.approval_forms import read_length
from sandbox.slack import BOT_TOKEN
from sandbox.slack.errors import Refused
from tests.bot.conftest import pick
from tests.bot.handlers.test_races import a_bot
from tests.bot.values import MARIA

if TYPE_CHECKING:
    from sandbox.slack.people.driver import SeenMessage, SlackUser
    from tests.bot.conftest import Office


async def card_of(user: SlackUser) -> SeenMessage:
    return await user.wait_for_message("Approval needed", channel="approvals")


async def current(office: Office, held: Hold) -> Hold:
    found = await office.storage.holds.get(held.id)
    assert found is not None
    return found


async def test_a_note_is_on_the_card_in_the_message_and_in_the_record_masked(
    office: Office,
) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold(attached=False)
        card = await card_of(maria)
        await pick(maria, card, "Approve with a note…")
        await maria.wait_for_view("in the requester's message")
        said = "Only the *web* tier\n> ok, not AKIAIOSFODNN7EXAMPLQ"
        assert await maria.submit({"note": said}) is None
        told = await dana.wait_for_message("*Note* from <@U0MARIA001>")
        card = await maria.wait_for_change(card, "*Note* from <@U0MARIA001>")
        for shown in (card.words, told.words):
            assert "Only the ∗web∗ tier > ok" in shown
            assert "AKIA" not in shown
    over = await current(office, held)
    assert over.state is HoldState.APPROVED
    assert "AKIA" not in over.votes[0].reason


async def test_a_note_must_say_something(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        await pick(maria, await card_of(maria), "Approve with a note…")
        await maria.wait_for_view("in the requester's message")
        with pytest.raises(Refused):
            await maria.submit({"note": ""})
    assert (await current(office, held)).state is HoldState.PENDING


async def test_the_length_of_a_grant_is_chosen_up_to_what_the_rule_allows(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold(terms={"grant_up_to": timedelta(hours=5)})
        card = await card_of(maria)
        assert "Approve for 1 h" in card.buttons
        await pick(maria, card, "Approve for…")
        form = await maria.wait_for_view("For how long?")
        offered = form.element("length").raw
        labels = [option["text"]["text"] for option in offered["options"]]
        assert labels == ["15 min", "1 h", "4 h", "5 h"]
        assert offered["initial_option"]["text"]["text"] == "1 h"
        assert await maria.submit({"length": "14400", "note": "until the release"}) is None
        card = await maria.wait_for_change(card, "Granted 4 h")
        assert "until the release" in card.words
    over = await current(office, held)
    assert over.granted is not None
    assert over.granted.seconds == 4 * 3600


async def test_there_is_nothing_to_choose_where_the_rule_allows_one_length(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(terms={"grant_up_to": timedelta(minutes=10)})
        card = await card_of(maria)
        assert "Approve for 10 min" in card.buttons
        with pytest.raises(LookupError):
            await pick(maria, card, "Approve for…")


@pytest.mark.parametrize(
    ("up_to", "asked", "taken"),
    [(8, 8, True), (8, 4, True), (1, 4, False), (8, 6, False), (None, 1, False)],
)
async def test_no_grant_is_longer_than_its_rule_allows_whatever_a_form_says(
    office: Office, up_to: int | None, asked: int, *, taken: bool
) -> None:
    longest = None if up_to is None else timedelta(hours=up_to)
    held = await office.hold(terms={"grant_up_to": longest})
    async with (
        connected(BOT_TOKEN, f"{office.slack.base_url}/api/") as slack,
        asyncio.TaskGroup() as tasks,
    ):
        decisions, writing = await a_bot(office, slack, office.storage, tasks)
        word = read_length(form(str(asked * 3600)))
        result = await decisions.vote(held.id, MARIA.slack_user, word)
        writing.cancel()
    assert isinstance(result, Taken) is taken
    assert (await current(office, held)).state is (
        HoldState.APPROVED if taken else HoldState.PENDING
    )


@pytest.mark.parametrize("chosen", ["", "0", "-5", "1h", "9" * 12, "²"])
def test_what_is_no_length_is_granted_by_no_rule(chosen: str) -> None:
    length = read_length(form(chosen)).length
    assert length is not None
    assert length < timedelta(0)


def form(length: str) -> dict[str, dict[str, dict[str, object]]]:
    """Return the answer to the form as Slack sends it."""
    return {
        "length": {"length": {"selected_option": {"value": length}}},
        "note": {"note": {"value": None}},
    }
