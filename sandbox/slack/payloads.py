"""What the app is sent: the shapes of clicks, submissions, closings, commands and events."""

import secrets

from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Command, Json, Message, Person, View
from sandbox.slack.state.store import Store
from sandbox.slack.wire import message_json, view_json


def _common(kind: str, person: Person) -> Json:
    return {
        "type": kind,
        "user": {
            "id": person.id,
            "username": person.name,
            "name": person.name,
            "team_id": seed.TEAM_ID,
        },
        "api_app_id": seed.APP_ID,
        "token": seed.VERIFICATION_TOKEN,
        "team": {"id": seed.TEAM_ID, "domain": seed.TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_action(
    store: Store, person: Person, channel: Channel, message: Message, actions: list[Json]
) -> Json:
    """A click in a message. The caller adds `trigger_id`, `response_url` and `state`."""
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload = _common("block_actions", person) | {
        "container": container,
        "channel": {"id": channel.id, "name": channel.name},
        "actions": actions,
    }
    if message.ephemeral_to is None:  # Slack keeps no ephemeral message to send back
        payload["message"] = message_json(store, message)
    return payload


def view_action(person: Person, view: View, actions: list[Json]) -> Json:
    """A click in a modal or a Home tab. The caller adds `trigger_id`."""
    return _common("block_actions", person) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view_json(view),
        "actions": actions,
    }


def view_submission(person: Person, view: View, trigger_id: str) -> Json:
    return _common("view_submission", person) | {
        "trigger_id": trigger_id,
        "view": view_json(view),
        "response_urls": [],
    }


def view_closed(person: Person, view: View, *, is_cleared: bool) -> Json:
    return _common("view_closed", person) | {"view": view_json(view), "is_cleared": is_cleared}


def slash_command(person: Person, channel: Channel, command: Command, text: str) -> Json:
    """A command. The caller adds `trigger_id` and `response_url`. All values are text."""
    return {
        "token": seed.VERIFICATION_TOKEN,
        "team_id": seed.TEAM_ID,
        "team_domain": seed.TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": person.id,
        "user_name": person.name,
        "command": command.name,
        "text": text,
        "api_app_id": seed.APP_ID,
        "is_enterprise_install": "false",
    }


def home_opened(person: Person, channel: str, tab: str, view: View | None, now: float) -> Json:
    event: Json = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": channel,
        "tab": tab,
        "event_ts": f"{now:.6f}",
    }
    if view is not None:
        event["view"] = view_json(view)
    return {
        "token": seed.VERIFICATION_TOKEN,
        "team_id": seed.TEAM_ID,
        "api_app_id": seed.APP_ID,
        "type": "event_callback",
        "event_id": "Ev0" + secrets.token_hex(4).upper(),
        "event_time": int(now),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": seed.TEAM_ID,
                "user_id": seed.BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": "sandbox",
        "event": event,
    }
