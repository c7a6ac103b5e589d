"""Cards notify their approvers: once in a burst, never twice, and not where a set is quiet."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.hold import HoldEvent
from bot.delivery.calling import Mentions
from tests.bot.delivery.test_watcher import all_settled, cards, move
from tests.bot.values import MARIA

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Office

CALL = "<!subteam^S0MANAGERS>"
SETS = """
- {name: hushed, slack_groups: [managers], quiet: true}
- {name: people, emails: [maria@acme.example, marcus@acme.example, dana@acme.example]}
- {name: mixed, slack_groups: [security], emails: [maria@acme.example, marcus@acme.example]}
"""


def test_of_cards_within_seconds_the_first_calls_and_others_are_called_all_the_same() -> None:
    now = 100.0
    mentions = Mentions(lambda: now)
    assert mentions.calls("approvals", ("S1",), "a")
    assert not mentions.calls("approvals", ("S1",), "b")
    assert mentions.calls("approvals", ("S1", "U2"), "c")
    assert mentions.calls("payments", ("S1",), "d")
    now = 104.0
    assert not mentions.calls("approvals", ("U2",), "e")
    now = 105.5
    assert mentions.calls("approvals", ("S1",), "f")


def test_who_has_decided_already_is_called_again() -> None:
    mentions = Mentions(lambda: 0.0)
    assert mentions.calls("approvals", ("S1",), "a")
    mentions.decided("b")
    assert not mentions.calls("approvals", ("S1",), "c")
    mentions.decided("a")
    assert mentions.calls("approvals", ("S1",), "d")


def test_whom_a_standing_digest_calls_no_card_calls() -> None:
    mentions = Mentions(lambda: 0.0)
    mentions.stands("approvals", ("S1",))
    assert not mentions.calls("approvals", ("S1",), "a")
    assert mentions.calls("approvals", ("S2",), "a")
    assert mentions.calls("payments", ("S1",), "a")
    mentions.gone("approvals")
    assert mentions.calls("approvals", ("S1",), "a")


def test_nobody_to_call_is_no_call() -> None:
    assert not Mentions(lambda: 0.0).calls("approvals", (), "a")


async def test_a_card_mentions_its_approvers_and_still_does_after_an_edit(office: Office) -> None:
    held = await office.hold()
    async with office.bot():
        maria = await office.slack.user("maria")
        card = await maria.wait_for_message("Approval needed")
        assert f"*Approvers:* {CALL}" in card.words
    async with office.bot():
        await office.storage.holds.leave(held.id, "gateway:0")
        card = await maria.wait_for_change(card, "The requester disconnected")
        assert CALL in card.words
        await move(office, held, HoldEvent.APPROVE, MARIA)
        card = await maria.wait_for_change(card, "*Approved*")
        assert CALL not in card.words


async def test_in_a_burst_the_digest_calls_and_no_card_does(office: Office) -> None:
    held = [await office.hold() for _ in range(12)]
    async with office.bot():
        maria = await office.slack.user("maria")
        digest = await maria.wait_for_message("more requests waiting")
        assert digest.words.count(CALL) == 1
        await maria.wait_for_message(held[5].id[-6:].upper())
        assert len(cards(maria)) == 6
        assert not any(CALL in card.words for card in cards(maria))
        card = await maria.wait_for_message(held[0].id[-6:].upper())
        await office.storage.holds.leave(held[0].id, "gateway:0")
        card = await maria.wait_for_change(card, "The requester disconnected")
        assert "*Approvers:* managers" in card.words


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("hushed", "*Approvers:* hushed · auto-denied"),
        # Dana asks, so she is not among them.
        ("people", "*Approvers:* <@U0MARCUS01>, <@U0MARIA001> · auto-denied"),
        # Maria is in the group, so she is not called twice.
        ("mixed", "*Approvers:* <!subteam^S0SECURITY>, <@U0MARCUS01> · auto-denied"),
    ],
)
async def test_each_set_is_called_in_its_own_way(
    office: Office, tmp_path: Path, name: str, called: str
) -> None:
    office = office.with_sets(tmp_path, SETS)
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(terms={"approvers": (name,)})
        card = await maria.wait_for_message("Approval needed")
        assert called in card.words


async def test_a_quiet_set_is_named_in_the_thread_and_never_called(
    office: Office, tmp_path: Path
) -> None:
    soon = timedelta(seconds=0.3)
    late = {"remind_after": soon, "escalate_after": soon, "escalate_to": ("hushed",)}
    office = office.with_sets(tmp_path, SETS)
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(terms={"approvers": ("hushed",), **late})
        told = await maria.wait_for_message("still waiting")
        assert "hushed. It expires at" in told.words
        told = await maria.wait_for_message("escalated to")
        assert "escalated to: hushed. It expires at" in told.words
        assert not any("<!subteam" in message.words for message in maria.messages("approvals"))


async def test_a_card_in_a_direct_message_mentions_no_one(office: Office) -> None:
    async with office.bot(slack_channel="dm"):
        maria = await office.slack.user("maria")
        await office.hold()
        card = await maria.wait_for_message("Approval needed", channel="abeyance")
        assert "*Approvers:* managers · auto-denied" in card.words


async def test_a_group_that_slack_does_not_tell_of_is_named(office: Office) -> None:
    await office.slack.refuse_calls("usergroups.list", "missing_scope", times=99)
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        assert "*Approvers:* managers · auto-denied" in card.words
        await move(office, held, HoldEvent.WITHDRAW)
        await all_settled(office)
