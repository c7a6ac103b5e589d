"""The check that an owner runs on a real workspace, against one where this and that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from app.settings import Settings, SlackMode
from bot.doctor import CheckResult, examine
from bot.slack.api import connected
from bot.slack.manifest import BOT_SCOPES
from policies.compiled_catalog import ApproverSet
from sandbox.slack import APP_TOKEN, BOT_TOKEN
from sandbox.slack.people.driver import SlackDriver
from sandbox.slack.server import serving
from sandbox.slack.state import seed
from sandbox.slack.workspace import Workspace
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MANAGERS = ApproverSet("managers", slack_groups=("managers",))


@pytest.fixture
async def driver() -> AsyncIterator[SlackDriver]:
    async with serving(Workspace()) as url, SlackDriver(url) as driver:
        yield driver


async def looked_at(
    url: str, *sets: ApproverSet, channel: str = "approvals", **changes: object
) -> list[CheckResult]:
    given = {
        "slack_bot_token": SecretStr(BOT_TOKEN),
        "slack_app_token": SecretStr(APP_TOKEN),
        "slack_api_url": f"{url}/api/",
    }
    settings = Settings.model_validate(given | changes)
    token = settings.slack_bot_token.get_secret_value()
    async with connected(token, settings.slack_api_url) as slack:
        return [finding async for finding in examine(slack, settings, sets, [channel])]


def ills(findings: list[CheckResult]) -> str:
    return "\n".join(f"{f.point}: {f.found}: {f.remedy}" for f in findings if not f.well)


async def test_a_workspace_that_has_all_is_well_and_nothing_is_posted(driver: SlackDriver) -> None:
    mailed = ApproverSet("mailed", emails=("maria@acme.example",), idp_groups=("leads",))
    findings = await looked_at(driver.base_url, MANAGERS, mailed)
    assert ills(findings) == ""
    assert len(findings) == 6
    assert (await driver.user("maria")).messages("approvals") == []


async def test_missing_scopes_are_named_with_what_to_do(driver: SlackDriver) -> None:
    await driver.settings(bot_scopes=[s for s in BOT_SCOPES if s != "channels:history"])
    told = ills(await looked_at(driver.base_url, MANAGERS))
    assert "add channels:history under" in told
    assert "can't be looked into" in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"slack_bot_token": "xoxb-wrong"}, "ABEYANCE_SLACK_BOT_TOKEN"),
        ({"slack_app_token": "xapp-wrong"}, "ABEYANCE_SLACK_APP_TOKEN"),
        ({"slack_mode": SlackMode.HTTP}, "ABEYANCE_SLACK_SIGNING_SECRET"),
        ({"channel": "general"}, "/invite @Abeyance"),
        ({"channel": "C0NOWHERE1"}, "/invite @Abeyance"),
    ],
)
async def test_what_is_wrong_comes_with_its_remedy(
    driver: SlackDriver, changes: dict[str, str], told: str
) -> None:
    assert told in ills(await looked_at(driver.base_url, MANAGERS, **changes))


@pytest.mark.parametrize(
    ("approvers", "told"),
    [
        (
            ApproverSet("a", slack_groups=("managers", "board")),
            "make the user group @board",
        ),
        (ApproverSet("a", emails=("gone@acme.example",)), "gone@acme.example"),
        (ApproverSet("a"), "it has no members"),
    ],
)
async def test_approvers_who_are_not_there_are_named(
    driver: SlackDriver, approvers: ApproverSet, told: str
) -> None:
    assert told in ills(await looked_at(driver.base_url, approvers))


BOSSES = ApproverSet("bosses", requesters_manager=True)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (seed.PROFILE_FIELDS, "else by “Manager” in Slack's profiles"),
        ((), "no profile field “Manager”"),
        (({**seed.PROFILE_FIELDS[1], "options": {}},), "anybody can change their own “Manager”"),
    ],
)
async def test_it_is_told_whether_slack_names_managers(
    driver: SlackDriver, fields: tuple[dict[str, object], ...], told: str
) -> None:
    await driver.settings(profile_fields=fields)
    findings = await looked_at(driver.base_url, BOSSES)
    assert ills(findings) == ""
    assert told in findings[-1].found


async def test_an_app_of_a_whole_organisation_is_asked_for_its_workspace(
    driver: SlackDriver,
) -> None:
    await driver.settings(enterprise="E0ACME")
    assert "ABEYANCE_SLACK_TEAM" in ills(await looked_at(driver.base_url, MANAGERS))
    assert ills(await looked_at(driver.base_url, MANAGERS, slack_team="T0ACME0001")) == ""


async def test_a_slack_that_is_away_is_one_finding() -> None:
    [finding] = await looked_at(f"http://127.0.0.1:{free_port()}", MANAGERS)
    assert "connect" in finding.remedy
