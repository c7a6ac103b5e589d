"""Where the app may be installed, and whose calls it then hears."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.errors import BadSettings
from app.settings import SlackMode
from bot.main import run
from bot.slack.accounts import Workspace
from bot.slack.api import connected
from bot.slack.tokens import other_app, sign_in, with_app
from sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from sandbox.slack.people.driver import Refused
from tests.bot.conftest import CLOCK, slack_settings
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
    async with office.bot(slack_team=TEAM):
        maria = await office.slack.user("maria")
        await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "*Approved*")


ELSEWHERE = {"id": "T0OTHER001", "domain": "other"}
OUTSIDERS: dict[str, dict[str, object]] = {
    "another workspace": {"team": ELSEWHERE, "team_id": ELSEWHERE["id"]},
    "another organisation": {"enterprise": {"id": "E0OTHER"}, "enterprise_id": "E0OTHER"},
}
IN_SHARED_CHANNEL = {"user": {"id": "U0MARIA001", "name": "maria", "team_id": ELSEWHERE["id"]}}


@pytest.mark.parametrize(
    "altered",
    [*OUTSIDERS.values(), IN_SHARED_CHANNEL],
    ids=[*OUTSIDERS, "a channel shared with another company"],
)
async def test_who_clicks_from_elsewhere_reads_who_can_decide_and_decides_nothing(
    office: Office, altered: dict[str, object]
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await office.slack.settings(altered=altered)
        await maria.click(card, "Approve")
        note = await maria.wait_for_message("Only people of this company can decide")
        assert note.is_ephemeral
        await office.slack.settings(altered={})
    still = await office.storage.holds.get(held.id)
    assert still is not None
    assert still.votes == ()
    assert await office.events(held.session_id) == []


@pytest.mark.parametrize("altered", OUTSIDERS.values(), ids=OUTSIDERS)
async def test_a_form_and_a_command_from_elsewhere_get_the_same_answer(
    office: Office, altered: dict[str, object]
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Deny…")
        await maria.wait_for_view()
        await office.slack.settings(altered=altered)
        view = await maria.submit({"category": "Not needed"})
        assert view is not None
        assert "Only people of this company can decide" in view.words
        await maria.command("/abeyance", "help")
        assert maria.messages("general")[-1].words.startswith("Only people of this company")
        await office.slack.settings(altered={})
    still = await office.storage.holds.get(held.id)
    assert still is not None
    assert still.votes == ()


async def test_what_is_meant_for_another_app_is_refused(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        for altered in ({"api_app_id": "A0OTHER001"}, {"api_app_id": None}):
            await office.slack.settings(altered=altered, ack_seconds=0.5)
            with pytest.raises(Refused):
                await maria.click(card, "Approve")
        await office.slack.settings(altered={}, ack_seconds=10)
    still = await office.storage.holds.get(held.id)
    assert still is not None
    assert still.votes == ()


async def test_tokens_of_two_apps_are_told_apart_at_the_start(office: Office) -> None:
    async with connected(BOT_TOKEN, f"{office.slack.base_url}/api/") as slack:
        home = await with_app(slack, await slack.workspace())
    assert other_app(APP_TOKEN, home) == ""
    assert other_app("xapp-1-A0OTHER001-1-ff", home) == "A0OTHER001"


async def test_a_bot_with_tokens_of_two_apps_does_not_start(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(BOT_TOKEN, f"{office.slack.base_url}/api/") as slack:
        assert (await sign_in(slack, "", APP_TOKEN)).app_id == "A0ABEYANCE"
        monkeypatch.setattr("sandbox.slack.state.seed.APP_ID", "A0OTHER001")
        with pytest.raises(BadSettings, match=r"app A0ABEYANCE, and .* to A0OTHER001"):
            await sign_in(slack, "", APP_TOKEN)
        assert (await sign_in(slack, "", "")).app_id == "A0OTHER001"


async def test_an_app_of_a_whole_organisation_has_to_know_its_workspace(office: Office) -> None:
    await office.slack.settings(enterprise="E0ACME")
    settings = slack_settings(f"{office.slack.base_url}/api/")
    with pytest.raises(BadSettings, match="ABEYANCE_SLACK_TEAM"):
        await run(settings, office.storage, lambda: office.catalog, CLOCK, asyncio.Event(), print)


@pytest.mark.parametrize("mode", [SlackMode.SOCKET, SlackMode.HTTP])
async def test_a_handler_that_fails_after_its_ack_is_no_app_that_is_away(
    office: Office, mode: SlackMode
) -> None:
    port = free_port()
    async with office.bot(
        slack_mode=mode, slack_signing_secret=SIGNING_SECRET, slack_http_port=port
    ):
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
        note = await maria.wait_for_message("That didn't work")
        assert note.is_ephemeral


def _plain(words: str) -> dict[str, str]:
    return {"type": "plain_text", "text": words}
