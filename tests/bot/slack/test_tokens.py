"""A token that Slack refuses: told at the start, and later never a reason to give requests back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.domain.hold import HoldState
from app.errors import BadSettings
from app.settings import Settings
from app.vault import Vault
from bot.main import run_bot
from sandbox.slack import APP_TOKEN, BOT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.bot.conftest import Office

DEAD = ("account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked")


async def end_of_a_bot(office: Office, cause: Callable[[], Awaitable[None]]) -> str:
    """Run a bot until `cause` has ended it, and return what it says."""

    async def live() -> None:
        async with office.bot(away_seconds=0.001):
            await cause()
            await asyncio.Event().wait()  # The bot's end cancels it.

    with pytest.raises(BaseExceptionGroup) as ended:
        await live()
    why: BaseException = ended.value
    while isinstance(why, BaseExceptionGroup):
        [why] = why.exceptions
    assert isinstance(why, BadSettings)
    return str(why)


@pytest.mark.parametrize("error", DEAD)
async def test_a_bot_whose_token_is_refused_ends_with_the_remedy_and_gives_nothing_back(
    office: Office, error: str
) -> None:
    async def lose_the_token() -> None:
        for method in ("chat.postMessage", "usergroups.list", "usergroups.users.list"):
            await office.slack.refuse_calls(method, error, times=99)
        await office.slack.refuse_calls("auth.test", error, times=1)
        await office.hold()

    why = await end_of_a_bot(office, lose_the_token)
    assert f"ABEYANCE_SLACK_BOT_TOKEN ({error})" in why
    assert ("token rotation" in why) is (error == "token_expired")
    [still] = await office.storage.holds.unsettled()
    assert still.state is HoldState.PENDING


async def test_one_refusal_that_slack_takes_back_costs_nobody_their_card(office: Office) -> None:
    await office.slack.refuse_calls("chat.postMessage", "invalid_auth", times=1)
    async with office.bot(away_seconds=0.001):
        maria = await office.slack.user("maria")
        await office.hold()
        await maria.wait_for_message("Approval needed")


async def test_an_app_level_token_that_is_refused_twice_in_a_row_is_tried_again(
    office: Office,
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.slack.refuse_calls("apps.connections.open", "token_revoked", times=2)
        await office.slack.disconnect_app("drop")
        await office.slack.wait_for_app(2)
        await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "*Approved*")


async def test_an_app_level_token_that_is_refused_ends_the_bot_with_the_remedy(
    office: Office,
) -> None:
    async def lose_the_token() -> None:
        await office.slack.refuse_calls("apps.connections.open", "token_revoked", times=99)
        await office.slack.disconnect_app("drop")

    why = await end_of_a_bot(office, lose_the_token)
    assert "ABEYANCE_SLACK_APP_TOKEN (token_revoked)" in why


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"slack_bot_token": "xoxb-wrong"}, "ABEYANCE_SLACK_BOT_TOKEN"),
        ({"slack_app_token": "xapp-wrong"}, "ABEYANCE_SLACK_APP_TOKEN"),
    ],
)
async def test_a_wrong_token_is_told_before_the_catalog_is_read(
    office: Office, mongodb_uri: str, tmp_path: Path, changed: dict[str, str], named: str
) -> None:
    given = {
        "mongodb_uri": mongodb_uri,
        "vault_key": Vault.new_key(),
        "slack_bot_token": BOT_TOKEN,
        "slack_app_token": APP_TOKEN,
        "slack_api_url": f"{office.slack.base_url}/api/",
        "catalog": tmp_path / "there is none",
    }
    settings = Settings.model_validate(given | changed)
    with pytest.raises(BadSettings, match=named):
        await run_bot(settings, asyncio.Event(), print)
