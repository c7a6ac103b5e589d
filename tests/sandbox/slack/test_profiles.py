"""The profile fields that a workspace adds, as Slack documents them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import BOT_TOKEN
from sandbox.slack.state import seed

if TYPE_CHECKING:
    from sandbox.slack.people.driver import SlackDriver


@pytest.fixture
def client(base_url: str) -> AsyncWebClient:
    return AsyncWebClient(BOT_TOKEN, base_url=f"{base_url}/api/")


async def test_a_manager_is_a_user_in_a_field_that_the_team_defines(
    client: AsyncWebClient,
) -> None:
    fields = (await client.team_profile_get())["profile"]["fields"]
    [field] = [field for field in fields if field["label"] == "Manager"]
    assert field["type"] == "user"
    profile = (await client.users_profile_get(user=seed.DANA.id))["profile"]
    assert profile["email"] == "dana@acme.example"
    assert profile["fields"] == {field["id"]: {"value": seed.MARIA.id, "alt": ""}}
    labelled = await client.users_profile_get(user=seed.DANA.id, include_labels=True)
    assert labelled["profile"]["fields"][field["id"]]["label"] == "Manager"
    assert (await client.users_profile_get(user=seed.MARCUS.id))["profile"]["fields"] == {}
    assert (await client.team_profile_get(visibility="hidden"))["profile"]["fields"] == []


async def test_profiles_need_their_scope_and_somebody_who_exists(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    with pytest.raises(SlackApiError, match="user_not_found"):
        await client.users_profile_get(user="U0NOBODY00")
    await slack.settings(bot_scopes=["users:read"])
    for call in (client.team_profile_get(), client.users_profile_get(user=seed.DANA.id)):
        with pytest.raises(SlackApiError, match="missing_scope"):
            await call
