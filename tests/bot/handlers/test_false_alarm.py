"""A rule that should not have fired is marked from the card, by those who may say so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.clock import SystemClock
from app.domain.hold import Hold, HoldEvent
from app.errors import StorageUnavailable
from app.marking import Marking
from bot.slack.blocks import MODAL_BLOCKS
from bot.views import modals
from sandbox.slack.blockkit import check_view
from tests.bot.delivery.test_watcher import move
from tests.bot.handlers.test_decide import BrokenLedger, identity_of
from tests.bot.handlers.test_requester import current
from tests.bot.values import MARCUS, MARIA, fired, hold

if TYPE_CHECKING:
    from sandbox.slack.people.driver import SeenMessage, SeenView, SlackUser
    from tests.bot.conftest import Office

MARKED = "Marked as a false alarm by"
FORM = "Rules that were wrong here"


async def ask(user: SlackUser, card: SeenMessage) -> None:
    """Choose the last thing behind the dots of a card."""
    value = card.element("hold_about_rule").raw["options"][-1]["value"]
    await user.click(card, "hold_about_rule", choose=value)


async def form(user: SlackUser, card: SeenMessage) -> SeenView:
    await ask(user, card)
    return await user.wait_for_view(FORM)


def two_rules() -> Hold:
    made = hold()
    rules = (fired(), fired(rule="large-prompts", title="A large prompt"))
    return replace(made, verdict=replace(made.verdict, fired=rules))


async def marks(office: Office, held: Hold) -> list[tuple[str, str, str]]:
    found = await office.storage.marks.of_session(held.session_id)
    return sorted((mark.rule, mark.by, mark.note) for mark in found)


async def test_a_manager_marks_a_rule_before_the_decision_and_takes_it_back(
    office: Office,
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await form(maria, card)
        assert await maria.submit({"note": "AKIAIOSFODNN7EXAMPLQ is a sample"}) is None
        card = await maria.wait_for_change(card, f"{MARKED} <@U0MARIA001>")
        assert "Approve" in card.buttons
        [(rule, by, note)] = await marks(office, held)
        assert (rule, by) == ("production-needs-a-manager", "maria@acme.example")
        assert "AKIA" not in note
        assert "is a sample" in note
        view = await form(maria, card)
        assert "is a sample" in view.words
        assert await maria.submit({"rules": []}) is None
        await maria.wait_for_change(card, lambda m: MARKED not in m.words)
    assert await marks(office, held) == []
    told = [e.data for e in await office.events(held.session_id)]
    assert [data["false_positive"] for data in told] == [1, 0]
    assert {data["email"] for data in told} == {"maria@acme.example"}


async def test_an_auditor_marks_one_of_two_rules_when_it_is_long_decided(office: Office) -> None:
    async with office.bot():
        ines = await office.slack.user("ines")
        held = await office.hold(verdict=two_rules().verdict)
        await move(office, held, HoldEvent.DENY, MARIA)
        card = await ines.wait_for_message("*Denied*")
        view = await form(ines, card)
        assert "A large prompt" in view.words
        assert await ines.submit({"rules": ["1"]}) is None
        await ines.wait_for_change(card, f"{MARKED} <@U0INES0001>: `large-prompts`")
    assert [rule for rule, _, _ in await marks(office, held)] == ["large-prompts"]


async def test_who_asked_marks_nothing_though_they_may_approve_for_others(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold(requester=await identity_of(office, "maria"))
        await ask(maria, await maria.wait_for_message("Approval needed"))
        await maria.wait_for_view("This is your own request")
    assert await marks(office, held) == []


async def test_who_may_neither_decide_nor_audit_is_told_whom_to_ask(office: Office) -> None:
    await office.slack.settings(usergroups={"auditors": ["maria"]})
    async with office.bot():
        ines = await office.slack.user("ines")
        await office.hold()
        await ask(ines, await ines.wait_for_message("Approval needed"))
        await ines.wait_for_view("tell one of them")


async def test_a_right_that_is_lost_while_the_form_stands_open_is_lost(office: Office) -> None:
    async with office.bot():
        marcus = await office.slack.user("marcus")
        held = await office.hold()
        await form(marcus, await marcus.wait_for_message("Approval needed"))
        await office.slack.settings(usergroups={"managers": ["maria"]})
        await marcus.submit({})
        await marcus.wait_for_view("Only those who may decide on this request")
    assert await marks(office, held) == []


async def test_a_form_without_a_tick_says_that_nothing_is_marked(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold(verdict=two_rules().verdict)
        await form(maria, await maria.wait_for_message("Approval needed"))
        await maria.submit({})
        await maria.wait_for_view("No rule is ticked")
    assert await office.events(held.session_id) == []


async def test_a_mark_that_cannot_be_recorded_is_not_made(office: Office) -> None:
    held = await office.hold()
    session = await office.storage.sessions.get(held.session_id)
    assert session is not None
    storage = office.storage
    marking = Marking(storage.marks, storage.holds, BrokenLedger(), SystemClock(), str)
    with pytest.raises(StorageUnavailable):
        await marking.say(session, "production-needs-a-manager", MARIA, wrong=True)
    assert await marks(office, held) == []
    assert await current(office, held) == held


async def test_marks_of_two_people_at_once_are_both_on_the_hold(office: Office) -> None:
    held = await office.hold(verdict=two_rules().verdict)
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        card = await maria.wait_for_message("Approval needed")
        await form(maria, card)
        await form(marcus, await marcus.wait_for_message("Approval needed"))
        await maria.submit({"rules": ["0"]})
        await marcus.submit({"rules": ["0", "1"]})
        await maria.wait_for_change(card, f"{MARKED} <@U0MARCUS01>: `large-prompts`")
    by = {mark.rule: mark.slack_user for mark in (await current(office, held)).marked}
    assert by == {
        "production-needs-a-manager": MARIA.slack_user,
        "large-prompts": MARCUS.slack_user,
    }


@pytest.mark.parametrize("rules", [1, 10, 40])
def test_slack_takes_the_form_however_many_rules_fired(rules: int) -> None:
    made = hold()
    many = tuple(fired(rule=f"rule-{n}" * 20, title="t" * 300) for n in range(rules))
    held = replace(made, verdict=replace(made.verdict, fired=many))
    view = modals.alarm_form("value", "6F5A4B", held, {})
    assert check_view(view) == []
    assert len(view["blocks"]) <= MODAL_BLOCKS  # type: ignore[arg-type]
