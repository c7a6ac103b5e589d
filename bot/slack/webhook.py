"""Slack over signed HTTP: who may speak to Bolt, and a server beside the other tasks of the bot.

Anybody on the internet can reach this. So the body has a limit, the signature is checked before
anything is parsed, and what Slack did not send ends here in one line of the log.
"""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import structlog
from hypercorn.asyncio import serve
from hypercorn.config import Config
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.slack.manifest import EVENTS_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from hypercorn.typing import ASGIFramework
    from slack_bolt.async_app import AsyncApp

    Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    Send = Callable[[Mapping[str, Any]], Awaitable[None]]

BODY_LIMIT = 1_000_000
"""Bytes. Slack's largest payloads, a view of 250 KB with its state, are far below it."""
_BODY_SECONDS = 10.0
_GRACE_SECONDS = 1.0
_KINDS = ("application/json", "application/x-www-form-urlencoded")
_log = structlog.get_logger(__name__)


async def serve_events(
    app: AsyncApp, signing_secret: str, host: str, port: int, announce: Callable[[str], None]
) -> None:
    """Serve until cancelled; `announce` is given the URL. Raises OSError for a taken port."""
    listener = socket.create_server((host, port))
    host, port = listener.getsockname()[:2]
    config = Config()
    # Hypercorn closes the descriptor, so it has to be its own.
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = _GRACE_SECONDS
    config.include_server_header = False
    config.accesslog = None
    config.loglevel = "WARNING"
    announce(f"http://{host}:{port}{EVENTS_PATH}")
    door = cast("ASGIFramework", Door(app, signing_secret))
    # Without a trigger of its own Hypercorn would take the signals that stop us.
    await serve(door, config, shutdown_trigger=asyncio.Event().wait)


class Door:
    """An ASGI application that hands Bolt what Slack has signed."""

    def __init__(self, app: AsyncApp, signing_secret: str) -> None:
        """Raises ValueError for an empty secret, with which anybody could sign."""
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        if scope["type"] != "http":
            return
        try:
            request = await self._admitted(scope, receive)
        except _Refusal as refusal:
            _log.warning("an HTTP call is refused", status=int(refusal.status), reason=refusal.why)
            await _answer(send, refusal.status, {}, refusal.status.phrase)
            return
        answer = await self._app.async_dispatch(request)
        await _answer(send, answer.status, answer.headers, answer.body)

    async def _admitted(self, scope: Mapping[str, Any], receive: Receive) -> AsyncBoltRequest:
        """Read what Slack signed just now. Raises _Refusal."""
        if scope["path"] != EVENTS_PATH:
            raise _Refusal(HTTPStatus.NOT_FOUND, "another path")
        if scope["method"] != "POST":
            raise _Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "another method than POST")
        headers = {n.decode("latin-1"): value.decode("latin-1") for n, value in scope["headers"]}
        raw = await _read(headers, receive)
        try:
            body = raw.decode()
        except UnicodeDecodeError:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "the body is not UTF-8") from None
        if not self._signed(body, headers):
            raise _Refusal(HTTPStatus.UNAUTHORIZED, "not signed by Slack within five minutes")
        return _parsed(body, headers)

    def _signed(self, body: str, headers: Mapping[str, str]) -> bool:
        timestamp = headers.get("x-slack-request-timestamp", "")
        signature = headers.get("x-slack-signature", "")
        if not (timestamp.isascii() and timestamp.isdigit() and signature.isascii()):
            return False
        return len(timestamp) < 20 and self._verifier.is_valid(body, timestamp, signature)


class _Refusal(Exception):
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


async def _read(headers: Mapping[str, str], receive: Receive) -> bytes:
    """Read the body up to the limit. Raises _Refusal."""
    too_large = _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {BODY_LIMIT} bytes")
    announced = headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > BODY_LIMIT:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while (message := await receive())["type"] == "http.request":
                body += message.get("body", b"")
                if len(body) > BODY_LIMIT:
                    raise too_large
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise _Refusal(HTTPStatus.REQUEST_TIMEOUT, "the body comes too slowly") from None
    raise _Refusal(HTTPStatus.BAD_REQUEST, "the client left within the body")


def _parsed(body: str, headers: Mapping[str, str]) -> AsyncBoltRequest:
    """Have Bolt read a body as what its content type says. Raises _Refusal."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise _Refusal(HTTPStatus.BAD_REQUEST, "another content type than Slack's")
    try:
        return AsyncBoltRequest(body=body, headers={**headers, "content-type": kind})
    except Exception as error:
        # Bolt takes bodies apart without looking at their shape, so anything may come out.
        raise _Refusal(HTTPStatus.BAD_REQUEST, "the body has another shape than Slack's") from error


async def _answer(send: Send, status: int, headers: Mapping[str, Sequence[str]], body: str) -> None:
    lines = [(name.encode(), value.encode()) for name, many in headers.items() for value in many]
    await send({"type": "http.response.start", "status": int(status), "headers": lines})
    await send({"type": "http.response.body", "body": body.encode()})
