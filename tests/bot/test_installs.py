"""Where the app may be installed, and whose calls it then hears."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.errors import BadSettings
from app.settings import SlackMode
from bot.accounts import Workspace
from bot.main import BotSettings, run
from sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.bot.conftest import CLOCK
from tests.conftest import free_port

if TYPE_CHECKING:
    from tests.bot.conftest import Office

TEAM = "T0ACME0001"


@pytest.mark.parametrize(
    ("enterprise", "team", "ours"),
    [("", "T1", True), ("E1", "T1", True), ("", "T2", False), ("E1", "T2", False)],
)
def test_of_one_workspace_only_its_calls_are_heard(
    *, enterprise: str, team: str, ours: bool
) -> None:
    assert Workspace("T1", "E1", "U0").sends(enterprise, team) is ours
    assert not Workspace("T1", "E1", "U0").sends("E2", team)


@pytest.mark.parametrize(
    ("enterprise", "team", "ours"),
    [("E1", "T1", True), ("E1", "T2", True), ("", "T1", False), ("E2", "T1", False)],
)
def test_of_an_organisation_the_calls_of_all_its_workspaces_are_heard(
    *, enterprise: str, team: str, ours: bool
) -> None:
    assert Workspace("E1", "E1", "U0", org_wide=True).sends(enterprise, team) is ours
    assert not Workspace("", "", "U0", org_wide=True).sends("", team)


async def test_an_app_of_a_whole_organisation_posts_and_decides(office: Office) -> None:
    await office.slack.settings(enterprise="E0ACME")
    async with office.bot(team=TEAM):
        maria = await office.slack.user("maria")
        await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve once")
        await maria.wait_for_change(card, "Approved once")


async def test_calls_from_another_organisation_are_dropped(office: Office) -> None:
    await office.slack.settings(enterprise="E0ACME")
    async with office.bot(team=TEAM):
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await office.slack.settings(enterprise="E0OTHER")
        await maria.click(card, "Approve once")
        still = await office.storage.holds.get(held.id)
        assert still is not None
        assert still.votes == ()
        assert await office.events(held.session_id) == []


async def test_an_app_of_a_whole_organisation_has_to_know_its_workspace(office: Office) -> None:
    await office.slack.settings(enterprise="E0ACME")
    settings = BotSettings(
        BOT_TOKEN, "approvals", app_token=APP_TOKEN, api_url=f"{office.slack.base_url}/api/"
    )
    with pytest.raises(BadSettings, match="ABEYANCE_SLACK_TEAM"):
        await run(settings, office.storage, lambda: office.catalog, CLOCK, asyncio.Event(), print)


@pytest.mark.parametrize("mode", [SlackMode.SOCKET, SlackMode.HTTP])
async def test_a_handler_that_fails_after_its_ack_is_no_app_that_is_away(
    office: Office, mode: SlackMode
) -> None:
    port = free_port()
    async with office.bot(mode=mode, signing_secret=SIGNING_SECRET, port=port):
        if mode is SlackMode.HTTP:
            await office.slack.settings(request_url=f"http://127.0.0.1:{port}/-/slack/events")
        maria = await office.slack.user("maria")
        client = AsyncWebClient(BOT_TOKEN, base_url=f"{office.slack.base_url}/api/")
        # A button that is not one of ours, with nothing in it: its handler stumbles at once.
        stray = {"type": "static_select", "action_id": "hold_more", "placeholder": _plain("More")}
        stray["options"] = [{"text": _plain("x"), "value": "x"}]
        broken = {"type": "actions", "elements": [stray]}
        await client.chat_postMessage(channel="approvals", text="stray", blocks=[broken])
        message = await maria.wait_for_message(lambda m: "hold_more" in str(m.raw))
        await office.slack.fail_calls(500, method="views.open", times=3)
        await maria.click(message, "hold_more", choose="x")
        note = await maria.wait_for_message("That did not work")
        assert note.is_ephemeral


def _plain(words: str) -> dict[str, str]:
    return {"type": "plain_text", "text": words}
