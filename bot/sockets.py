"""Socket Mode: two connections, and a watch on them, for they can die without a word."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError, SlackClientError

from app.errors import BadSettings
from bot.slack import SlackUnavailable

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

_LOOK_SECONDS = 5.0
_DEAD_SECONDS = 60.0
_PING_SECONDS = 5.0
_RETRY_SECONDS = 2.0
_HOPELESS = frozenset(
    {"account_inactive", "invalid_auth", "not_allowed_token_type", "not_authed", "token_revoked"}
)
_log = structlog.get_logger(__name__)


class Socket:
    """One connection. Two of them run, because the SDK closes the old before it opens the new."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        self._app = app
        self._app_token = app_token
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled.

        Raises BadSettings for a token that Slack does not take, SlackUnavailable when the
        connection is gone for a minute: a process that hears nothing must end.
        """
        handler = AsyncSocketModeHandler(self._app, self._app_token, ping_interval=_PING_SECONDS)
        try:
            await self._connect(handler)
            self.connected.set()
            await self._watch(handler)
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]

    async def _connect(self, handler: AsyncSocketModeHandler) -> None:
        async with asyncio.timeout(_DEAD_SECONDS):
            while True:
                try:
                    await handler.connect_async()  # type: ignore[no-untyped-call]
                except SlackApiError as error:
                    _give_up_if_hopeless(error)
                    _log.warning("Socket Mode refused", reason=str(error.response.get("error")))
                except (SlackClientError, aiohttp.ClientError, OSError) as error:
                    _log.warning("Socket Mode does not connect", reason=str(error))
                else:
                    return
                await asyncio.sleep(_RETRY_SECONDS)

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


def _give_up_if_hopeless(error: SlackApiError) -> None:
    code = str(error.response.get("error"))
    if code in _HOPELESS:
        raise BadSettings(
            f"Slack does not take the app-level token ({code}): make one with the scope "
            "connections:write under “Basic Information” and set ABEYANCE_SLACK_APP_TOKEN"
        ) from error
