"""How Slack's answers and silences are understood, and whose address counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.slack.accounts import Match, Workspace, vouched
from bot.slack.api import connected
from bot.slack.blocks import Message
from bot.slack.failures import SlackRefused, SlackUnavailable
from bot.slack.text import ours
from sandbox.slack import BOT_TOKEN
from sandbox.slack.people.driver import SlackDriver
from sandbox.slack.server import serving
from sandbox.slack.workspace import Workspace as Sandbox
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.slack.api import Slack

HOME = Workspace("T1", "E1", "U0")
KNOWN = {"team_id": "T1", "is_email_confirmed": True}


@pytest.fixture
async def driver() -> AsyncIterator[SlackDriver]:
    async with serving(Sandbox()) as url, SlackDriver(url) as driver:
        yield driver


@pytest.fixture
async def slack(driver: SlackDriver) -> AsyncIterator[Slack]:
    async with connected(BOT_TOKEN, f"{driver.base_url}/api/") as slack:
        yield slack


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"is_email_confirmed": False}, False),
        ({"is_email_confirmed": None}, False),
        ({"team_id": "T2"}, False),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}}, True),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "E2"}}, False),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": ""}}, False),
        ({"deleted": True}, False),
        ({"is_bot": True}, False),
        ({"is_stranger": True}, False),
    ],
)
def test_an_address_counts_only_where_this_workspace_has_checked_it(
    *, changes: dict[str, Any], counts: bool
) -> None:
    assert vouched(KNOWN | changes, HOME) is counts


def test_without_an_enterprise_none_is_ours() -> None:
    alone = Workspace("T1", "", "U0")
    assert not vouched({"team_id": "T2", "enterprise_user": {}, "is_email_confirmed": True}, alone)


async def test_a_refusal_carries_slacks_code(slack: Slack) -> None:
    with pytest.raises(SlackRefused) as refused:
        await slack.members("S0NOWHERE")
    assert refused.value.code == "no_such_subteam"


async def test_an_address_that_nobody_has_is_nobody(slack: Slack) -> None:
    home = await slack.workspace()
    assert await slack.find_by_email("nobody@elsewhere.example", home) == Match()
    assert await slack.find_by_email("maria@acme.example", home) == Match("U0MARIA001")


async def test_an_address_of_another_workspace_is_nobodys(slack: Slack) -> None:
    elsewhere = Workspace("T9", "", "U0")
    assert await slack.find_by_email("maria@acme.example", elsewhere) == Match(unvouched=True)


async def test_a_missing_scope_is_a_refusal(slack: Slack, driver: SlackDriver) -> None:
    await driver.settings(bot_scopes=["chat:write"])
    with pytest.raises(SlackRefused, match="missing_scope"):
        await slack.find_by_email("maria@acme.example", HOME)


async def test_where_a_person_waits_a_limit_is_waited_out(
    slack: Slack, driver: SlackDriver
) -> None:
    await driver.fail_calls(429, method="usergroups.list", retry_after=0)
    assert (await slack.groups())["managers"] == "S0MANAGERS"


async def test_a_post_comes_back_at_once_with_how_long_to_wait(
    slack: Slack, driver: SlackDriver
) -> None:
    await driver.fail_calls(429, method="chat.postMessage", retry_after=30)
    with pytest.raises(SlackUnavailable) as unavailable:
        await slack.post("approvals", Message(ours("hello"), ()), about={"hold": "h1"})
    assert unavailable.value.retry_after == 30


async def test_a_slack_that_breaks_is_unavailable(slack: Slack, driver: SlackDriver) -> None:
    await driver.fail_calls(500, method="auth.test", times=5)
    with pytest.raises(SlackUnavailable):
        await slack.workspace()


async def test_a_slack_that_is_away_is_unavailable() -> None:
    async with connected(BOT_TOKEN, f"http://127.0.0.1:{free_port()}/api/") as slack:
        with pytest.raises(SlackUnavailable):
            await slack.workspace()
