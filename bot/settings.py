"""What the bot needs to know of Slack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.settings import RouteSettings, SlackMode

if TYPE_CHECKING:
    from app.settings import Settings


@dataclass(frozen=True, slots=True)
class BotSettings:
    """What the bot needs to know of Slack."""

    bot_token: str = field(repr=False)
    channel: str
    audit_channel: str = ""
    """Where broken glass is told; empty: in the same channel as the cards."""
    routes: tuple[RouteSettings, ...] = ()
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    mode: SlackMode = SlackMode.SOCKET
    api_url: str = "https://slack.com/api/"
    host: str = "127.0.0.1"
    port: int = 0
    team: str = ""
    """Of an app that is installed in a whole organisation: where channel and groups are."""
    manager_field: str = "Manager"
    """What the workspace calls the profile field that names a person's manager."""
    post_seconds: float = 1.0
    """Between two messages in one channel."""
    public_url: str = ""
    """Where browsers reach the gateway; empty: accounts are linked in a terminal."""
    tell_after_seconds: float = 10.0
    """How long a request waits before its requester is told in Slack that it does."""
    away_seconds: float = 20.0
    """For how long a card may fail to be posted before its request is given back."""


def ours_of(settings: Settings) -> BotSettings:
    """Return the bot's part of all settings."""
    return BotSettings(
        bot_token=settings.slack_bot_token.get_secret_value(),
        channel=settings.slack_channel,
        audit_channel=settings.slack_audit_channel,
        routes=settings.slack_routes,
        app_token=settings.slack_app_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        mode=settings.slack_mode,
        api_url=settings.slack_api_url,
        host=settings.host,
        port=settings.slack_http_port,
        team=settings.slack_team,
        manager_field=settings.slack_manager_field,
        post_seconds=settings.slack_post_seconds,
        away_seconds=settings.away_seconds,
        public_url=settings.public_url,
    )
