"""Frames that Slack would never send: passed over in one line of the log, and the bot hears on."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from slack_bolt.async_app import AsyncApp
from structlog.testing import capture_logs

from bot.slack.api import connected
from bot.slack.sockets import Ears
from sandbox.slack import APP_TOKEN, BOT_TOKEN, payloads
from sandbox.slack.people.driver import SlackDriver
from sandbox.slack.server import serving
from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Command, View
from sandbox.slack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from slack_bolt.async_app import AsyncAck

ODD: tuple[Any, ...] = (None, True, 0, 1.5, "", "x", [], [1], [[]], {}, {"a": 1})
FEW = (None, 1, "x", [1], {"a": 1})
PARTS = ("type", "envelope_id", "payload")


def malformed() -> Iterator[str | bytes]:
    """Frames that are no envelope."""
    yield from ("", "x", "{", "[" * 300_000, '{"a":' * 100_000, "NaN", b"", b"\x00\xff", b"{}")
    yield from (json.dumps(value) for value in ODD)
    for count in (1, 2):
        for names in itertools.combinations(PARTS, count):
            yield json.dumps(dict.fromkeys(names, "interactive"))
    whole = {"type": "interactive", "envelope_id": "1", "payload": {}}
    yield json.dumps(whole).encode()  # Slack sends text.
    wanted = {"type": str, "envelope_id": str, "payload": dict}
    for name, value in itertools.product(PARTS, ODD):
        if not isinstance(value, wanted[name]):
            yield json.dumps(whole | {name: value})


def with_odd_members(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The payload with each member at each depth put in the shape of another, or left out."""
    for name, value in payload.items():
        others = {n: v for n, v in payload.items() if n != name}
        yield others
        yield from ({**others, name: odd} for odd in FEW)
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            for changed in with_odd_members(inner):
                yield {**others, name: [changed] if isinstance(value, list) else changed}


def kinds() -> Iterator[tuple[str, dict[str, Any]]]:
    """A real payload of each kind, with the type of its envelope."""
    channel, command = Channel("C0APPROVAL", "approvals", (), "", 0), Command("/replay", "", "")
    body: dict[str, Any] = {"title": {"type": "plain_text", "text": "x"}, "callback_id": "deny"}
    view = View("V1", seed.MARIA.id, body | {"type": "modal", "blocks": []}, "h", "V1")
    button = {"action_id": "hold_approve", "type": "button", "value": "x", "block_id": "b"}
    yield "interactive", payloads.view_action(seed.MARIA, view, [button])
    yield "interactive", payloads.view_submission(seed.MARIA, view, "1.2.3")
    yield "slash_commands", payloads.slash_command(seed.MARIA, channel, command, "help")
    yield "events_api", payloads.home_opened(seed.MARIA, channel.id, "home", None, 1.0)


@dataclass
class Desk:
    """Somebody who types, an app that listens, and a workspace that sends what it likes."""

    workspace: Workspace
    slack: SlackDriver
    heard: asyncio.Queue[str]

    async def all_heard(self) -> None:
        """Wait until each connection has handled what was sent before."""
        ines = await self.slack.user("ines")
        for _ in range(2):
            await ines.act("command", channel="general", command="/replay", text="?")
            assert await self.heard.get() == "?"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    workspace, app, heard = Workspace(), AsyncApp(token=BOT_TOKEN), asyncio.Queue[str]()

    async def handle(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        if body.get("text") == "?":
            heard.put_nowait(body["text"])

    app.command("/replay")(handle)
    app.action("hold_approve")(handle)
    app.view("deny")(handle)
    app.event("app_home_opened")(handle)
    async with serving(workspace) as url, SlackDriver(url) as slack:
        app.client.base_url = f"{url}/api/"
        await slack.settings(ack_seconds=30)
        async with connected(BOT_TOKEN, f"{url}/api/") as api, asyncio.TaskGroup() as tasks:
            ears = Ears(app, APP_TOKEN, api)
            listening = tasks.create_task(ears.run())
            await ears.connected()
            yield Desk(workspace, slack, heard)
            listening.cancel()


async def test_every_malformed_frame_is_one_line_of_the_log_and_the_next_is_heard(
    desk: Desk,
) -> None:
    for frame in malformed():
        with capture_logs() as logged:
            desk.workspace.sockets.scrawl(frame)
            await desk.all_heard()
        lines = [line["event"] for line in logged]
        assert lines == ["a malformed frame is passed over"] * 2, (frame[:60], lines)


async def test_an_envelope_with_any_member_out_of_shape_is_survived(desk: Desk) -> None:
    for kind, payload in kinds():
        for number, changed in enumerate(with_odd_members(payload)):
            frame = {"type": kind, "envelope_id": f"{kind}{number}", "payload": changed}
            desk.workspace.sockets.scrawl(json.dumps(frame))
        await desk.all_heard()
