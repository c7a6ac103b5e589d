"""`/abeyance` and the App Home, in a real workspace; and Slack over signed HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp
import pytest
from pydantic import SecretStr

from app.domain.hold import HoldState
from app.errors import BadSettings
from app.settings import Settings, SlackMode
from bot.main import run
from bot.slack.manifest import BOT_SCOPES, manifest
from sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from sandbox.slack.delivery import signature_headers
from sandbox.slack.people.driver import SeenMessage
from sandbox.slack.state.seed import APP_ID, TEAM_ID
from tests.bot.conftest import CLOCK
from tests.conftest import free_port

if TYPE_CHECKING:
    from sandbox.slack.people.driver import SlackUser
    from tests.bot.conftest import Office


async def ask(user: SlackUser, text: str) -> str:
    answer = await user.command("/abeyance", text)
    assert isinstance(answer, SeenMessage)
    assert answer.is_ephemeral
    return answer.words


async def test_pending_lists_what_concerns_the_one_who_asks(office: Office) -> None:
    held = await office.hold()
    name = held.id[-6:].upper()
    async with office.bot():
        for who, title in (
            ("maria", "For you to decide, the oldest first (1)"),
            ("dana", "Yours, waiting for others (1)"),
            ("alice", "Nothing needs your approval, and none of your requests are waiting."),
        ):
            words = await ask(await office.slack.user(who), "pending")
            assert title in words.replace("*", "")
            assert (name in words) is (who != "alice")


async def test_a_secret_in_the_name_of_a_model_is_masked_in_what_is_pending(office: Office) -> None:
    await office.hold(model="AKIAIOSFODNN7EXAMPLQ")
    async with office.bot():
        for who in ("maria", "dana"):
            words = await ask(await office.slack.user(who), "pending")
            assert "(1)" in words
            assert "AKIA" not in words


async def test_pending_links_to_the_card(office: Office) -> None:
    async with office.bot():
        held = await office.hold()
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        card = await maria.wait_for_message("Approval needed")
        link = f"/archives/{card.channel}/p{card.ts.replace('.', '')}|{held.id[-6:].upper()}>"
        assert link in await ask(maria, "pending")
        assert link in await ask(dana, "pending"), "the channel is public"


async def test_pending_links_to_ones_own_copy_of_a_card_only(office: Office) -> None:
    async with office.bot():
        await office.hold(terms={"channel": "dm"})
        for name in ("maria", "marcus"):
            user = await office.slack.user(name)
            card = await user.wait_for_message("Approval needed")
            words = await ask(user, "pending")
            assert words.count("/archives/") == 1
            assert f"/archives/{card.channel}/" in words
        assert "/archives/" not in await ask(await office.slack.user("dana"), "pending")


async def test_whoami_tells_the_link_and_the_groups(office: Office) -> None:
    async with office.bot():
        dana = await ask(await office.slack.user("dana"), "whoami")
        assert "`dana@acme.example`" in dana
        assert "Dana Reyes at https://id.acme.example" in dana
        maria = await ask(await office.slack.user("maria"), "whoami")
        assert "managers, security" in maria
        assert "Gateway sign-in: never" in maria


async def test_the_home_tab_shows_each_what_concerns_them(office: Office) -> None:
    async with office.bot():
        maria = await (await office.slack.user("maria")).open_home()
        assert "all caught up" in maria.words
        assert "Find a session" not in maria.words
        ines = await (await office.slack.user("ines")).open_home()
        assert ines.words.index("Find a session") < ines.words.index("Your requests")
        assert "Waiting for your decision" not in ines.words
        alice = await (await office.slack.user("alice")).open_home()
        assert "None yet." in alice.words
        assert "Waiting for your decision" not in alice.words


@pytest.mark.parametrize("asked", ["", "help", "dance <!channel>"])
async def test_help_is_given_to_whoever_needs_it(office: Office, asked: str) -> None:
    async with office.bot():
        words = await ask(await office.slack.user("dana"), asked)
        assert "/abeyance pending" in words


async def test_a_manager_decides_in_the_app_home(office: Office) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold()
        home = await maria.open_home()
        assert "Dana Reyes" in home.words
        await maria.click(home, "Approve")
        await maria.wait_for_home("all caught up")
        own = await dana.open_home()
        assert held.session_id in own.words
        assert "Approve" not in own.buttons
    approved = await office.storage.holds.get(held.id)
    assert approved is not None
    assert approved.state is HoldState.APPROVED


async def test_a_secret_in_a_reason_is_masked_in_the_home_tab_as_well(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(reason="rotating AKIAIOSFODNN7EXAMPLQ today")
        home = await maria.open_home()
        assert "rotating" in home.words
        assert "AKIA" not in home.words


async def test_an_auditor_searches_from_the_home_tab_and_nobody_else_can(office: Office) -> None:
    async with office.bot():
        ines, maria = await office.slack.user("ines"), await office.slack.user("maria")
        await office.hold()
        home = await ines.open_home()
        await ines.click(home, "home_search", choose="user:dana@acme.example")
        await ines.wait_for_view("Dana Reyes")
        assert "Find a session" not in (await maria.open_home()).words


async def test_slack_over_signed_http_decides_as_well(office: Office) -> None:
    port = free_port()
    async with office.bot(
        slack_mode=SlackMode.HTTP, slack_signing_secret=SIGNING_SECRET, slack_http_port=port
    ):
        url = f"http://127.0.0.1:{port}/-/slack/events"
        await office.slack.settings(request_url=url)
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "*Approved*")
    approved = await office.storage.holds.get(held.id)
    assert approved is not None
    assert approved.state is HoldState.APPROVED


async def test_what_slack_did_not_sign_just_now_decides_nothing(office: Office) -> None:
    port = free_port()
    async with office.bot(
        slack_mode=SlackMode.HTTP, slack_signing_secret=SIGNING_SECRET, slack_http_port=port
    ):
        held = await office.hold()
        maria = await office.slack.user("maria")
        card = await maria.wait_for_message("Approval needed")
        [value] = [
            element["value"]
            for block in card.raw["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
            if element["action_id"] == "hold_approve"
        ]
        click = {
            "type": "block_actions",
            "user": {"id": maria.id, "team_id": TEAM_ID},
            "team": {"id": TEAM_ID},
            "api_app_id": APP_ID,
            "actions": [{"action_id": "hold_approve", "type": "button", "value": value}],
            "trigger_id": "1.2.3",
        }
        raw = urlencode({"payload": json.dumps(click)}).encode()
        now = int(CLOCK.now().timestamp())
        signed, old = signature_headers(raw, now), signature_headers(raw, now - 301)
        tries = {
            "old": (raw, old),
            "old, dated anew": (raw, old | {"X-Slack-Request-Timestamp": str(now)}),
            "another body": (raw + b"&x=1", signed),
            "unsigned": (raw, {}),
            "signed by somebody": (raw, signed | {"X-Slack-Signature": "v0=" + "0" * 64}),
        }
        url = f"http://127.0.0.1:{port}/-/slack/events"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        async with aiohttp.ClientSession() as client:
            for name, (body, headers) in tries.items():
                async with client.post(url, data=body, headers=form | headers) as answer:
                    assert answer.status == 401, name
            still = await office.storage.holds.get(held.id)
            assert still is not None
            assert still.votes == ()
            async with client.post(url, data=raw, headers=form | signed) as answer:
                assert answer.status == 200
        await maria.wait_for_change(card, "*Approved*")


@pytest.mark.parametrize(
    ("bot_token", "app_token", "named"),
    [
        ("xoxb-wrong", APP_TOKEN, "ABEYANCE_SLACK_BOT_TOKEN"),
        (BOT_TOKEN, "xapp-wrong", "ABEYANCE_SLACK_APP_TOKEN"),
    ],
)
async def test_a_token_that_slack_does_not_take_stops_the_bot_with_the_remedy(
    office: Office, bot_token: str, app_token: str, named: str
) -> None:
    api_url = f"{office.slack.base_url}/api/"
    wrong = Settings(
        slack_bot_token=SecretStr(bot_token),
        slack_app_token=SecretStr(app_token),
        slack_api_url=api_url,
    )
    with pytest.raises(BadSettings, match=named):
        await run(wrong, office.storage, lambda: office.catalog, CLOCK, asyncio.Event(), print)


def test_the_manifest_asks_for_what_the_bot_calls_and_no_more() -> None:
    asked = manifest(SlackMode.SOCKET)
    assert asked["oauth_config"]["scopes"]["bot"] == list(BOT_SCOPES)
    assert asked["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in str(asked)


def test_the_manifest_for_http_names_the_url_everywhere() -> None:
    asked = manifest(SlackMode.HTTP, "https://bot.example/")
    url = "https://bot.example/-/slack/events"
    assert asked["settings"]["interactivity"]["request_url"] == url
    assert asked["settings"]["event_subscriptions"]["request_url"] == url
    assert {command["url"] for command in asked["features"]["slash_commands"]} == {url}
