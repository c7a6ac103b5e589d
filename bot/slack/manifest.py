"""The app manifest to create the Slack app from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.settings import SlackMode

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS_PATH = "/-/slack/events"
# The histories are read for one thing: whether a message stands there already, after a crash
# between the call that posts it and the record of it.
BOT_SCOPES = (
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "usergroups:read",
    "users.profile:read",
    "users:read",
    "users:read.email",
)


def manifest(mode: SlackMode, url: str = "") -> Mapping[str, Any]:
    """Return the manifest; `url` is where Slack reaches the bot in HTTP mode."""
    socket = mode is SlackMode.SOCKET
    endpoint = {} if socket else {"request_url": url.rstrip("/") + EVENTS_PATH}
    commands = {
        "/abeyance": (
            "Pending requests, grants and your account",
            "pending | grants | whoami | help",
        ),
        "/replay": ("For auditors: find and replay sessions", "[session id and page, or filter]"),
    }
    return {
        "display_information": {
            "name": "Abeyance",
            "description": "Holds risky AI requests until a manager says yes",
            "background_color": "#2b2540",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Abeyance", "always_online": True},
            "slash_commands": [
                _command(name, what, hint, endpoint) for name, (what, hint) in commands.items()
            ],
        },
        "oauth_config": {"scopes": {"bot": list(BOT_SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": ["app_home_opened"], **endpoint},
            "interactivity": {"is_enabled": True, **endpoint},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }


def _command(name: str, what: str, hint: str, endpoint: Mapping[str, str]) -> Mapping[str, Any]:
    at = {"url": endpoint["request_url"]} if endpoint else {}
    return {
        "command": name,
        "description": what,
        "usage_hint": hint,
        "should_escape": False,
        **at,
    }
