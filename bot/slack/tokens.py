"""Whether Slack accepts our tokens: at the start, and for as long as the bot runs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from app.errors import BadSettings
from bot.slack.failures import SlackRefused, SlackUnavailable, TokenRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.slack.accounts import Workspace
    from bot.slack.api import Slack

BOT_TOKEN, APP_TOKEN = "ABEYANCE_SLACK_BOT_TOKEN", "ABEYANCE_SLACK_APP_TOKEN"
_ASK_SECONDS = 60.0
_APP_IN_TOKEN = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-")
_REMEDIES = {
    BOT_TOKEN: "install the app in the workspace and set {0} to its “Bot User OAuth Token” "
    "(xoxb-…)",
    APP_TOKEN: "make an app-level token with the scope connections:write under “Basic "
    "Information”, set {0} to it (xapp-…), and turn Socket Mode on",
}
_ROTATED = (
    "the app has token rotation turned on, which Abeyance does not support: create the app again "
    "from `abeyance slack manifest` and set {0} to the new token"
)
_log = structlog.get_logger(__name__)


def remedy(setting: str, code: str) -> str:
    """Say what to do about a token that Slack refuses with this error."""
    return (_ROTATED if code == "token_expired" else _REMEDIES[setting]).format(setting)


def refused(setting: str, code: str) -> BadSettings:
    return BadSettings(f"Slack does not accept {setting} ({code}): {remedy(setting, code)}")


def other_app(app_token: str, workspace: Workspace) -> str:
    """Return the app that an app-level token names, where it is not the bot token's; else ""."""
    named = _APP_IN_TOKEN.match(app_token)
    return named[1] if named and named[1] != workspace.app_id else ""


async def sign_in(slack: Slack, team: str, app_token: str) -> Workspace:
    """Find out where the app is installed; `app_token` is empty where Slack calls us by HTTP.

    Raises BadSettings for a token that Slack does not accept, SlackUnavailable.
    """
    workspace = await _workspace(slack)
    if workspace.org_wide:
        if not team:
            raise BadSettings(
                "the app is installed in a whole organisation: set ABEYANCE_SLACK_TEAM to the id "
                "(T…) of the workspace that the approvers' channel and user groups are in"
            )
        slack.speak_in(team)
    workspace = await with_app(slack, workspace)
    if app_token:
        await _try_app_token(slack, app_token, workspace)
    return workspace


async def with_app(slack: Slack, workspace: Workspace) -> Workspace:
    """Add the id of our app. Raises BadSettings where Slack does not tell it, SlackUnavailable."""
    try:
        return replace(workspace, app_id=await slack.app_id(workspace.bot_id))
    except SlackRefused as error:
        raise BadSettings(
            f"Slack does not tell which app {BOT_TOKEN} belongs to ({error.code}): set it to the "
            "“Bot User OAuth Token” (xoxb-…) of an app with the scope users:read"
        ) from error


async def check_token(slack: Slack, also: Callable[[], Awaitable[None]] | None = None) -> None:
    """Ask Slack each minute, and when a call was refused for it, whether our token is still good.

    When Slack answers, `also` is called. Raises BadSettings when it is not.
    """
    while True:
        await slack.token_in_doubt(_ASK_SECONDS)
        try:
            await slack.workspace()
        except TokenRefused as error:
            raise refused(BOT_TOKEN, error.code) from error
        except SlackUnavailable as error:
            _log.warning("Slack does not answer", reason=str(error))
        except SlackRefused as error:
            _log.warning("Slack does not say who we are", reason=str(error))
        else:
            if also is not None:
                await also()


async def _workspace(slack: Slack) -> Workspace:
    try:
        return await slack.workspace()
    except (TokenRefused, SlackRefused) as error:
        raise refused(BOT_TOKEN, error.code) from error


async def _try_app_token(slack: Slack, app_token: str, workspace: Workspace) -> None:
    try:
        await slack.socket_url(app_token)
    except (TokenRefused, SlackRefused) as error:
        raise refused(APP_TOKEN, error.code) from error
    if named := other_app(app_token, workspace):
        raise BadSettings(
            f"{APP_TOKEN} belongs to the app {named}, and {BOT_TOKEN} to {workspace.app_id}: set "
            "both to tokens of the same app"
        )
