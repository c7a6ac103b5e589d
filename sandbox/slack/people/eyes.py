"""A person's screen, kept up to date from the live stream while somebody waits on it."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import aiohttp

from sandbox.slack.people.seen import SeenMessage, SeenView
from sandbox.slack.state import seed
from sandbox.slack.state.model import Json

T = TypeVar("T")
SHOWN_ON_TIMEOUT = 12


class Eyes:
    """Reads the stream only when asked to: no task of its own, so nothing to lose track of."""

    def __init__(self, live: aiohttp.ClientWebSocketResponse) -> None:
        self._live = live
        self._reading = asyncio.Lock()
        self._seq = -1
        self._state: Json = {}
        self._messages: dict[tuple[str, str], SeenMessage] = {}

    @property
    def me(self) -> str:
        return str(self._state["me"]["id"])

    @property
    def views(self) -> list[SeenView]:
        return [SeenView(view) for view in self._state["views"]]

    @property
    def home(self) -> SeenView | None:
        view = self._state["home"]
        return SeenView(view) if view else None

    def message(self, channel: str, ts: str) -> SeenMessage | None:
        return self._messages.get((channel, ts))

    def messages(self, channel: str | None) -> list[SeenMessage]:
        """Oldest first. `channel` is an id, a name, or the app's name for the direct message."""
        found = list(self._messages.values())
        if channel is not None:
            channel_id = self._channel_id(channel)
            found = [message for message in found if message.channel == channel_id]
        return sorted(found, key=lambda message: message.ts)

    async def look(self) -> None:
        """Read the first frame, which is the whole state."""
        await self._read_frame()

    async def read_to(self, seq: int) -> None:
        """Until all changes up to `seq` are seen."""
        async with self._reading:
            while self._seq < seq:
                await self._read_frame()

    async def wait(self, look: Callable[[], T | None], within: float, what: str) -> T:
        """The first thing that `look` finds. Raises TimeoutError, telling what is there."""
        try:
            async with asyncio.timeout(within):
                while (found := look()) is None:
                    await self._read_one_more(self._seq)
        except TimeoutError:
            raise TimeoutError(f"waited {within} s for {what}\n{self._describe()}") from None
        return found

    async def _read_one_more(self, seen: int) -> None:
        """One frame further than `seen`, read by us or by another waiter."""
        async with self._reading:
            if self._seq == seen:
                await self._read_frame()

    async def _read_frame(self) -> None:
        frame = await self._live.receive_json()
        if frame["type"] == "state":
            self._take_state(frame["state"])
        else:
            self._take_change(frame)

    def _take_state(self, state: Json) -> None:
        self._state = state
        self._seq = int(state["seq"])
        for channel in state["channels"]:
            for message in channel["messages"]:
                self._messages[channel["id"], message["ts"]] = SeenMessage(message)

    def _take_change(self, frame: Json) -> None:
        self._seq = int(frame["seq"])
        kind = frame["type"]
        if kind == "message":
            message = frame["message"]
            self._messages[frame["channel"], message["ts"]] = SeenMessage(message)
        elif kind == "message_deleted":
            self._messages.pop((frame["channel"], frame["ts"]), None)
        elif kind == "views":
            self._state["views"] = frame["views"]
        elif kind == "home":
            self._state["home"] = frame["view"]

    def _channel_id(self, name: str) -> str:
        for channel in self._state["channels"]:
            app = channel["im_with"] and name.lstrip("@") in (seed.BOT.name, seed.BOT_USER_ID)
            if app or name in (channel["id"], channel["name"], f"#{channel['name']}"):
                return str(channel["id"])
        raise LookupError(f"no channel {name!r} to be seen")

    def _describe(self) -> str:
        """What is on the screen, for a test that waited in vain."""
        name = self._state["me"]["real_name"]
        lines = [f"{name} sees:"]
        lines += [
            f"  {message.channel} {message.ts} {message.words!r} {message.buttons}"
            for message in self.messages(None)[-SHOWN_ON_TIMEOUT:]
        ]
        lines += [f"  modal {view.title!r} {view.words!r}" for view in self.views]
        return "\n".join(lines)
