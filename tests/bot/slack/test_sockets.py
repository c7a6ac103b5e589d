"""Socket Mode when the line goes bad: the bot hears again, and says nothing twice."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from slack_bolt.async_app import AsyncApp

from bot.slack.api import connected
from bot.slack.sockets import Ears
from sandbox.slack import APP_TOKEN, BOT_TOKEN
from sandbox.slack.people.driver import Refused, SlackDriver
from sandbox.slack.server import serving
from sandbox.slack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slack_bolt.async_app import AsyncAck


class Line:
    """A line to the workspace that can go dead without a word: nothing is closed, nothing comes."""

    def __init__(self, url: str) -> None:
        self._port = int(url.rpartition(":")[2])
        self._gates: list[asyncio.Event] = []
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            for gate in self._gates:
                gate.set()
            for writer in self._writers:
                writer.close()
            server.close()

    def die(self) -> None:
        """Let nothing pass of what is connected now; a new connection is fine."""
        for gate in self._gates:
            gate.clear()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        gate = asyncio.Event()
        gate.set()
        self._gates.append(gate)
        self._writers += [writer, back]
        await asyncio.gather(_pump(reader, back, gate), _pump(there, writer, gate))


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event
) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            await gate.wait()
            writer.write(data)
            await writer.drain()
    writer.close()


@dataclass
class Desk:
    """Somebody listening over a line, and who types."""

    slack: SlackDriver
    line: Line
    heard: asyncio.Queue[str]

    async def type(self, text: str) -> str:
        """Type a command, again as long as the app is away, and return what the app hears."""
        ines = await self.slack.user("ines")
        while True:
            try:
                await ines.act("command", channel="general", command="/replay", text=text)
            except Refused:
                await self.slack.wait_for_app(1)
            else:
                return await self.heard.get()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    workspace, heard = Workspace(), asyncio.Queue[str]()
    app = AsyncApp(token=BOT_TOKEN)

    @app.command("/replay")
    async def replay(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack()
        heard.put_nowait(command["text"])

    async with serving(workspace) as url, SlackDriver(url) as slack:
        line = Line(url)
        async with line.open() as through, connected(BOT_TOKEN, f"{url}/api/") as api:
            app.client.base_url = f"{url}/api/"
            workspace.base_url = through
            ears = Ears(app, APP_TOKEN, api, ping_seconds=0.2)
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(ears.run())
                await ears.connected()
                yield Desk(slack, line, heard)
                listening.cancel()


async def test_connections_that_die_in_silence_are_noticed_and_replaced(desk: Desk) -> None:
    await desk.slack.settings(ack_seconds=0.5)
    desk.line.die()
    assert await desk.type("still there?") == "still there?"


@pytest.mark.parametrize("reason", ["drop", "link_disabled"])
async def test_connections_that_are_cut_come_back(desk: Desk, reason: str) -> None:
    await desk.slack.disconnect_app(reason)
    assert await desk.type("back?") == "back?"


@pytest.mark.parametrize("reason", ["drop", "warning", "refresh_requested"])
async def test_when_slack_wants_new_connections_no_envelope_is_lost(
    desk: Desk, reason: str
) -> None:
    for number in range(20):
        if number % 5 == 0:
            await desk.slack.wait_for_app(2)
            await desk.slack.disconnect_app(reason, only_one=True)
        ines = await desk.slack.user("ines")
        await ines.act("command", channel="general", command="/replay", text=str(number))
        assert await desk.heard.get() == str(number)


async def test_a_slack_that_takes_no_connection_is_tried_until_it_does(desk: Desk) -> None:
    await desk.slack.faults(refuse_connections=True)
    await desk.slack.disconnect_app("drop")
    await desk.slack.fail_calls(500, times=3, method="apps.connections.open")
    await desk.slack.faults(refuse_connections=False)
    assert await desk.type("at last") == "at last"
