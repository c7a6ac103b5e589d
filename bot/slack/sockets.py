"""Socket Mode: two connections, and a watch on them, for they can die without a word.

Slack asks now and then to connect anew. The new connection stands before the old one goes, so
that no click falls between; what comes in twice is for the handlers to see.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.failures import SlackRefused, SlackUnavailable, TokenRefused
from bot.slack.tokens import APP_TOKEN, check_token, refused

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

    from bot.slack.api import Slack

_SOCKETS = 2
# A connection that answers no ping within half of this is dead.
_PING_SECONDS = 5.0
_HELLO_SECONDS = 15.0
_DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# What lived shorter than this has failed: connecting anew at once would be a busy loop.
_SHORT_SECONDS = 5.0
# Answers to what the old connection has brought still go over it.
_LINGER_SECONDS = 3.5
_DEAF_SECONDS = 120.0
# Slack's word that a token is dead is taken when it is given so many times in a row.
_REFUSALS = 3
_log = structlog.get_logger(__name__)


class Ears:
    """All connections of this process, and what proves that they hear."""

    def __init__(
        self, app: AsyncApp, app_token: str, slack: Slack, *, ping_seconds: float = _PING_SECONDS
    ) -> None:
        """A connection that leaves a ping unanswered for half of `ping_seconds` is dead."""
        self._slack = slack
        self._sockets = [_Socket(app, app_token, slack, ping_seconds) for _ in range(_SOCKETS)]

    async def run(self) -> None:
        """Stay connected until cancelled, however long Slack is away.

        Raises SlackUnavailable when Slack answers us and still no connection comes about: then
        it is this process that is ill. Raises BadSettings when a token is not valid any more.
        """
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            for socket in self._sockets:
                tasks.create_task(socket.run(session))
            tasks.create_task(check_token(self._slack, self._check_hearing))

    async def connected(self) -> None:
        """Wait until each connection stands."""
        for socket in self._sockets:
            await socket.up.wait()

    async def _check_hearing(self) -> None:
        now = asyncio.get_running_loop().time()
        if all(socket.deaf_for(now) > _DEAF_SECONDS for socket in self._sockets):
            raise SlackUnavailable("Slack answers, but no Socket Mode connection comes about")


class _Socket:
    """One connection after another."""

    def __init__(self, app: AsyncApp, app_token: str, slack: Slack, ping_seconds: float) -> None:
        self._app = app
        self._app_token = app_token
        self._slack = slack
        self._ping_seconds = ping_seconds
        self._down_since: float | None = None
        self._failures = 0
        self.up = asyncio.Event()

    def deaf_for(self, now: float) -> float:
        return 0.0 if self._down_since is None else now - self._down_since

    async def run(self, session: aiohttp.ClientSession) -> None:
        loop = asyncio.get_running_loop()
        old: _Connection | None = None
        async with asyncio.TaskGroup() as tasks:
            while True:
                new = await self._connected(session, tasks)
                if old is not None:
                    tasks.create_task(old.close_later())
                began = loop.time()
                await new.ending.wait()
                _log.info("Socket Mode connects anew", reason=new.why)
                self.up.clear()
                if loop.time() - began < _SHORT_SECONDS:
                    await self._pause(new.why)
                else:
                    self._failures = 0
                old = new

    async def _connected(
        self, session: aiohttp.ClientSession, tasks: asyncio.TaskGroup
    ) -> _Connection:
        """Connect, trying again for as long as it takes.

        Raises BadSettings when Slack keeps refusing the token.
        """
        self._down_since = asyncio.get_running_loop().time()
        refusals = 0
        while True:
            try:
                async with asyncio.timeout(_HELLO_SECONDS):
                    url = await self._slack.socket_url(self._app_token)
                    socket = await session.ws_connect(url, heartbeat=self._ping_seconds)
            except (SlackRefused, SlackUnavailable, aiohttp.ClientError, OSError) as error:
                refusals = refusals + 1 if isinstance(error, TokenRefused) else 0
                if isinstance(error, TokenRefused) and refusals >= _REFUSALS:
                    raise refused(APP_TOKEN, error.code) from error
                await self._pause(str(error) or "it does not answer")
                continue
            connection = _Connection(self._app, socket)
            tasks.create_task(connection.serve())
            await connection.greeted()
            if connection.ending.is_set():
                await connection.close()
                await self._pause(connection.why)
                continue
            self._down_since = None
            self.up.set()
            return connection

    async def _pause(self, reason: str) -> None:
        delay = _DELAYS[min(self._failures, len(_DELAYS) - 1)] * random.uniform(0.5, 1.0)  # noqa: S311
        self._failures += 1
        _log.warning("Socket Mode does not stay connected", reason=reason, again_in=delay)
        await asyncio.sleep(delay)


class _Connection:
    """One WebSocket: reads envelopes, has the app handle each, and acknowledges."""

    def __init__(self, app: AsyncApp, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._app = app
        self._socket = socket
        self._hello = asyncio.Event()
        self.ending = asyncio.Event()
        """Set when it is dead, or Slack wants another in its place; `why` then says so."""
        self.why = "the connection is lost"

    async def serve(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                # Ends on a close by either side, and on a ping that is not answered.
                async for message in self._socket:
                    self._take(message, tasks)
        finally:
            self.ending.set()
            self._hello.set()
            await self._socket.close()

    async def greeted(self) -> None:
        """Wait for Slack's hello; without one the connection ends."""
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                await self._hello.wait()
        except TimeoutError:
            self.why = "Slack does not say hello"
            self.ending.set()

    async def close_later(self) -> None:
        await asyncio.sleep(_LINGER_SECONDS)
        await self.close()

    async def close(self) -> None:
        await self._socket.close()

    def _take(self, message: aiohttp.WSMessage, tasks: asyncio.TaskGroup) -> None:
        try:
            frame = _frame(message)
        except _Malformed as malformed:
            _log.warning("a malformed frame is passed over", reason=str(malformed))
            return
        match frame:
            case {"type": "hello"}:
                self._hello.set()
            case {"type": "disconnect", **told}:
                self.why = str(told.get("reason", "Slack asks for it"))[:100]
                self.ending.set()
            case {"type": str(), "envelope_id": str(envelope), "payload": dict(payload)}:
                tasks.create_task(self._handle(envelope, payload))
            case _:
                _log.warning("a malformed frame is passed over", reason="no envelope of Slack's")

    async def _handle(self, envelope: str, payload: dict[str, Any]) -> None:
        try:
            # Bolt takes payloads apart without looking at their shape.
            request = AsyncBoltRequest(mode="socket_mode", body=payload)
            answer = await self._app.async_dispatch(request)
        except Exception:  # noqa: BLE001 - one click that fails must not deafen us to all others
            _log.exception("a delivery could not be handled")
            return
        if answer.status != 200:
            _log.warning("a delivery is not acknowledged", status=answer.status)
            return
        ack: dict[str, object] = {"envelope_id": envelope}
        if answer.body:
            kind = answer.headers.get("content-type", [""])[0]
            is_json = kind.startswith("application/json")
            ack["payload"] = json.loads(answer.body) if is_json else {"text": answer.body}
        try:
            await self._socket.send_json(ack)
        except ConnectionError:
            _log.warning("an acknowledgement came too late for its connection")


class _Malformed(Exception):
    pass


def _frame(message: aiohttp.WSMessage) -> object:
    """Return what the JSON of a text frame says. Raises _Malformed for anything else."""
    if message.type is not aiohttp.WSMsgType.TEXT:
        raise _Malformed("no text")
    try:
        return json.loads(message.data)
    except (ValueError, RecursionError) as error:
        raise _Malformed("no JSON") from error
