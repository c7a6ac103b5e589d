"""The requester's manager decides: whom the identity provider names, else whom Slack does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.hold import HoldState
from bot.slack.manifest import BOT_SCOPES
from sandbox.slack.state import seed
from tests.bot.handlers.test_requester import current
from tests.bot.values import DANA, JOB

if TYPE_CHECKING:
    from app.domain.identity import Identity
    from tests.bot.conftest import Office

TERMS = {"approvers": ("line-manager",)}
CHANGEABLE = {**seed.PROFILE_FIELDS[1], "options": {"is_scim": False, "is_protected": False}}
NO_PROFILES = [scope for scope in BOT_SCOPES if "profile" not in scope]
NOT_NAMED = "neither the identity provider nor Slack names the requester's manager"
TEXT = {**seed.PROFILE_FIELDS[1], "type": "text"}


async def test_the_manager_in_slacks_profile_decides_and_nobody_else(office: Office) -> None:
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        held = await office.hold(terms=TERMS)
        card = await maria.wait_for_message("Approval needed")
        await marcus.click(card, "Approve")
        await marcus.wait_for_message("not among the people who may decide")
        await maria.open_home()
        assert "Approve" in (await maria.wait_for_home("Dana Reyes")).buttons
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "*Approved*")
    [vote] = (await current(office, held)).votes
    assert (vote.by.email, vote.sets) == ("maria@acme.example", ("line-manager",))


async def test_a_new_manager_counts_at_the_next_click(office: Office) -> None:
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        held = await office.hold(terms=TERMS)
        card = await maria.wait_for_message("Approval needed")
        await office.slack.settings(managers={"dana": "marcus"})
        await maria.click(card, "Approve")
        await maria.wait_for_message("not among the people who may decide")
        await marcus.click(card, "Approve")
        await marcus.wait_for_change(card, "*Approved*")
    assert (await current(office, held)).state is HoldState.APPROVED


async def test_the_identity_providers_word_goes_before_slacks(office: Office) -> None:
    asker = replace(DANA, manager="marcus@acme.example")
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        await office.hold(requester=asker, terms=TERMS)
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve")
        await maria.wait_for_message("not among the people who may decide")
        await marcus.click(card, "Approve")
        await marcus.wait_for_change(card, "*Approved*")


async def test_the_profile_field_may_have_another_name(office: Office) -> None:
    field = {**seed.PROFILE_FIELDS[1], "label": "Reports to"}
    await office.slack.settings(profile_fields=[field])
    async with office.bot(slack_manager_field="reports to"):
        maria = await office.slack.user("maria")
        await office.hold(terms=TERMS)
        await maria.wait_for_message("Approval needed")


@pytest.mark.parametrize(
    ("settings", "asker", "why"),
    [
        ({"managers": {"dana": ""}}, DANA, NOT_NAMED),
        ({"managers": {"dana": "dana"}}, DANA, "line-manager has no other members"),
        ({"managers": {"dana": "abeyance"}}, DANA, "not vouch for the address of the requester's"),
        ({"profile_fields": []}, DANA, NOT_NAMED),
        ({"profile_fields": [TEXT]}, DANA, NOT_NAMED),
        ({"profile_fields": [CHANGEABLE]}, DANA, NOT_NAMED),
        ({"bot_scopes": NO_PROFILES}, DANA, NOT_NAMED),
        ({}, JOB, NOT_NAMED),
        ({}, replace(DANA, manager="gone@acme.example"), "gone@acme.example is not in Slack"),
    ],
    ids=[
        "nobody is named",
        "they name themselves",
        "a bot is named",
        "there is no field",
        "the field holds a text",
        "anybody may change their own",
        "the bot may not read profiles",
        "a job has no manager",
        "the provider names somebody who is not in Slack",
    ],
)
async def test_where_no_manager_is_found_the_requester_hears_it_at_once(
    office: Office, settings: dict[str, Any], asker: Identity, why: str
) -> None:
    await office.slack.settings(**settings)
    async with office.bot():
        held = await office.hold(requester=asker, terms=TERMS)
        maria = await office.slack.user("maria")
        await maria.wait_for_message("ended before anyone was asked")
    note = (await current(office, held)).note
    assert why in note
