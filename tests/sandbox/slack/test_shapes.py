"""Replies and payloads carry the keys and types that Slack's own carry.

The table states facts: names and types, as recorded from Slack. `?` stands for a value that may
be null, or empty, here; blocks are checked elsewhere.
"""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

import sandbox.slack
from sandbox.slack import APP_TOKEN, BOT_TOKEN
from sandbox.slack.people.driver import SlackDriver
from sandbox.slack.state import seed
from tests.sandbox.slack.bad_blocks import actions, button
from tests.sandbox.slack.shapes import BESIDE_METHODS, COMMON, DOCUMENTED, EVENT, PAYLOADS, REPLIES

APPROVALS = "C0APPROVAL"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "words"}}
ABOUT = {"event_type": "hold", "event_payload": {"hold": "h1"}}
HOME = {"type": "home", "blocks": [SECTION]}


def leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a reply, by its path; of a list the first stands for all."""
    if path.endswith(("blocks", "event_payload", "actions", "values")):
        yield path, type(value).__name__
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        yield from leaves(value[0], f"{path}[]")
    else:
        yield path, "?" if value is None or value == [] else type(value).__name__


def shape(body: object) -> dict[str, str]:
    """By each object the keys and types in it, as the table spells them."""
    found: dict[str, list[str]] = {}
    for path, kind in sorted(leaves(body)):
        where, _, key = path.rpartition(".")
        found.setdefault(where, []).append(f"{key}:{kind}")
    return {where: " ".join(keys) for where, keys in found.items()}


CALLS: dict[str, dict[str, Any]] = {
    "apps.connections.open": {"token": APP_TOKEN},
    "auth.test": {},
    "chat.postEphemeral": {"channel": APPROVALS, "user": seed.MARIA.id, "text": "x"},
    "chat.postMessage": {
        "channel": APPROVALS,
        "text": "x",
        "blocks": [SECTION],
        "metadata": ABOUT,
    },
    "conversations.info": {"channel": APPROVALS},
    "conversations.open": {"users": seed.ALICE.id, "return_im": True},
    "team.info": {},
    "usergroups.list": {"include_users": True, "include_count": True},
    "usergroups.users.list": {"usergroup": "S0MANAGERS"},
    "users.info": {"user": seed.MARIA.id},
    "users.lookupByEmail": {"email": "maria@acme.example"},
    "views.publish": {"user_id": seed.MARIA.id, "view": HOME},
}


@pytest.mark.parametrize("method", CALLS)
async def test_a_reply_has_the_keys_and_types_of_slacks(
    base_url: str, slack: SlackDriver, method: str
) -> None:
    await slack.settings(bot_scopes=[*seed.BOT_SCOPES, "team:read"])
    arguments = dict(CALLS[method])
    client = AsyncWebClient(arguments.pop("token", BOT_TOKEN), base_url=f"{base_url}/api/")
    reply = await client.api_call(method, json=arguments)
    assert shape(reply.data) == REPLIES[method]


async def test_an_edit_and_a_reply_have_the_keys_and_types_of_slacks(
    client: AsyncWebClient,
) -> None:
    root = await client.chat_postMessage(channel=APPROVALS, text="x")
    where = {"channel": APPROVALS, "ts": root["ts"]}
    edited = await client.chat_update(**where, text="y", blocks=[SECTION])
    assert shape(edited.data) == REPLIES["chat.update"]
    reply = await client.chat_postMessage(channel=APPROVALS, text="z", thread_ts=root["ts"])
    assert shape(reply.data) == REPLIES["chat.postMessage in a thread"]


async def test_what_the_app_is_sent_has_the_keys_and_types_of_slacks(
    app: AsyncApp, connected: AsyncSocketModeHandler, client: AsyncWebClient, slack: SlackDriver
) -> None:
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        sent.put_nowait(body)
        view = {"type": "modal", "callback_id": "v", "blocks": [SECTION]}
        view |= {"title": {"type": "plain_text", "text": "V"}, "notify_on_close": True}
        view["submit"] = view["close"] = {"type": "plain_text", "text": "OK"}
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("v")
    @app.view_closed("v")
    @app.command("/replay")
    async def other(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        sent.put_nowait(body)

    @app.event("app_home_opened")
    async def opened(body: dict[str, Any]) -> None:
        sent.put_nowait(body)

    maria = await slack.user("maria")
    blocks = [actions(button(action_id="go", value="1"))]
    await client.chat_postMessage(channel=APPROVALS, text="card", blocks=blocks)
    card = await maria.wait_for_message("card")
    await maria.click(card, "go")
    assert shape(await sent.get()) == PAYLOADS["block_actions"]
    await maria.submit()
    assert shape(await sent.get()) == PAYLOADS["view_submission"]
    await maria.click(card, "go")
    await sent.get()
    await maria.close_view()
    assert shape(await sent.get()) == PAYLOADS["view_closed"]
    await maria.act("command", channel="approvals", command="/replay", text="1")
    assert shape(await sent.get()) == PAYLOADS["slash_command"]
    await maria.act("open_home")
    assert shape(await sent.get()) == EVENT


def test_every_error_is_one_that_slack_documents() -> None:
    used: set[str] = set()
    for path in Path(sandbox.slack.__file__).parent.rglob("*.py"):
        calls = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
        ]
        for call in calls:
            named = call.func.id if isinstance(call.func, ast.Name) else ""
            first = call.args[0] if call.args else None
            if named == "ApiError" and isinstance(first, ast.Constant):
                used.add(str(first.value))
    assert used
    assert used <= set(f"{DOCUMENTED} {COMMON} {BESIDE_METHODS}".split())
