"""Socket Mode: two connections, and a watch on them, for they can die without a word."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from bot.slack import SlackUnavailable

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

_LOOK_SECONDS = 5.0
_DEAD_SECONDS = 60.0
_PING_SECONDS = 5.0


class Socket:
    """One connection. Two of them run, because the SDK closes the old before it opens the new."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        self._app = app
        self._app_token = app_token
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled.

        Raises SlackUnavailable when the connection is gone for a minute, or does not come up in
        one: a process that hears nothing must end.
        """
        handler = AsyncSocketModeHandler(self._app, self._app_token, ping_interval=_PING_SECONDS)
        try:
            await self._connect(handler)
            self.connected.set()
            await self._watch(handler)
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]

    async def _connect(self, handler: AsyncSocketModeHandler) -> None:
        """Connect; the SDK tries again by itself, for ever."""
        try:
            async with asyncio.timeout(_DEAD_SECONDS):
                await handler.connect_async()  # type: ignore[no-untyped-call]
        except TimeoutError:
            raise SlackUnavailable("Socket Mode does not connect") from None

    async def _watch(self, handler: AsyncSocketModeHandler) -> None:
        """End when the SDK's own reconnecting has not helped for a while."""
        loop = asyncio.get_running_loop()
        alive_at = loop.time()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if await handler.client.is_connected():
                alive_at = loop.time()
            elif loop.time() - alive_at > _DEAD_SECONDS:
                raise SlackUnavailable("the Socket Mode connection is lost and does not come back")
