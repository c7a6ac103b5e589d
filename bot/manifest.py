"""The app manifest: everything that a Slack workspace has to allow, in one place."""

from __future__ import annotations

from typing import Any

from app.settings import SlackMode

SCOPES = (
    "chat:write",
    "commands",
    "im:write",
    "users:read",
    "users:read.email",
    "usergroups:read",
)
COMMANDS = {
    "/replay": ("Find a session and replay it", "[user:alice since:1d decision:denied] or an id"),
    "/abeyance": ("What waits, and who you are here", "pending | whoami | help"),
}


def manifest(mode: SlackMode, url: str) -> dict[str, Any]:
    """Return Slack's app manifest; `url` is the bot's public address in HTTP mode."""
    endpoint = {"url": f"{url.rstrip('/')}/-/slack/events"} if mode is SlackMode.HTTP else {}
    request = {"request_url": endpoint["url"]} if endpoint else {}
    return {
        "display_information": {
            "name": "Abeyance",
            "description": "Holds risky requests to AI models until a person says yes",
            "background_color": "#4b3a8f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Abeyance", "always_online": True},
            "slash_commands": [
                {
                    "command": command,
                    "description": description,
                    "usage_hint": hint,
                    "should_escape": True,
                    **endpoint,
                }
                for command, (description, hint) in COMMANDS.items()
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": ["app_home_opened"], **request},
            "interactivity": {"is_enabled": True, **request},
            "org_deploy_enabled": False,
            "socket_mode_enabled": mode is SlackMode.SOCKET,
            "token_rotation_enabled": False,
        },
    }
