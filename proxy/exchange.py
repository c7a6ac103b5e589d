"""One HTTP exchange with a client, over the bare ASGI protocol.

The data path does not pass through the web framework: each `send` is dear, and a disconnected
client must be noticed while its request waits.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from app.errors import BadRequest, TooLarge, UpgradeRequired
from proxy.http.challenge import base_url

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

    from proxy.front import Headers
    from proxy.process.draining import Drain


_READ_SECONDS = 60.0
_DROPPED_BYTES = 256 * 1024 * 1024
_DROPPING_SECONDS = 10.0
_SILENT_SECONDS = 1.0


class ClientGone(Exception):
    """The client closed the connection; nobody reads what we would send."""


class Exchange:
    """`read` the body first; then wait, and answer with `start`, `send` and `end`."""

    def __init__(
        self,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        drain: Drain,
        public_url: str = "",
        *,
        handshake: bool = False,
    ) -> None:
        """`handshake` says that the client asks for another protocol."""
        self._handshake = handshake
        self.method = scope["method"]
        self.target = scope["raw_path"].partition(b"?")[0].decode("latin-1")
        self.query = scope["query_string"].decode("latin-1")
        self.headers: Headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in scope["headers"]
        )
        self.http_version = scope["http_version"]
        self.peer = str((scope.get("client") or ("",))[0] or "")
        """The address of whoever is connected to us."""
        host = next((value for name, value in self.headers if name == "host"), "")
        self.base_url = base_url(public_url, scope["scheme"], host)
        """Where the client finds this gateway."""
        self.started = False
        self._body_read = False
        self._more = True
        """Whether more of the body may come."""
        self.ended = False
        self.handed = 0
        """How many bytes of the answer's body were given to the server to send."""
        self._receive = receive
        self._send = send
        self._drain = drain

    async def read(self, limit: int) -> bytes:
        """Return the body of at most `limit` bytes.

        Raises TooLarge, BadRequest where it comes too slowly, ClientGone where it breaks off.
        """
        try:
            async with asyncio.timeout(_READ_SECONDS):
                body = await self._read(limit)
        except TimeoutError:
            raise BadRequest("The body came too slowly.") from None
        self._body_read = True
        return body

    async def _read(self, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while self._more:
            parts.append(await self._next())
            size += len(parts[-1])
            if size > limit:
                raise TooLarge(f"The body is larger than {limit:,} bytes; send less.")
        return b"".join(parts)

    async def _read_on(self) -> None:
        """Read and drop what is left of the body, as long as it comes and within limits.

        A connection that is closed on unread bytes is reset, and the client may never see our
        answer. It is read before we answer: the server closes the connection at once.
        """
        room = _DROPPED_BYTES
        with suppress(TimeoutError, ClientGone):
            async with asyncio.timeout(_DROPPING_SECONDS):
                while self._more and room > 0:
                    async with asyncio.timeout(_SILENT_SECONDS):
                        room -= len(await self._next())

    async def _next(self) -> bytes:
        """Return the next part of the body. Raises ClientGone."""
        event = await self._receive()
        if event["type"] != "http.request":
            self._more = False
            raise ClientGone
        self._more = event["more_body"]
        return event["body"]

    async def gone(self) -> None:
        """Return when the client has closed the connection. Call it after `read`."""
        event = await self._receive()
        if event["type"] != "http.disconnect":
            raise BadRequest("The body goes on after its end.")

    def check(self) -> None:
        """Raise Restarting where it is too late to begin with this request."""
        self._drain.check()

    def check_protocol(self) -> None:
        """Raise UpgradeRequired for a handshake of another protocol."""
        if self._handshake:
            raise UpgradeRequired("WebSockets are not served here; send the request over HTTP.")

    async def start(self, status: int, headers: Headers) -> None:
        self.started = True
        # After an unread body, what follows may be no request of its own: nobody reads it.
        last = self._drain.begun or not self._body_read
        if last and self.http_version.startswith("1"):
            headers = (*headers, ("connection", "close"))
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
                "trailers": False,
            }
        )

    async def send(self, data: bytes) -> None:
        self.handed += len(data)
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        self.ended = True
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer at once with a body that stands."""
        headers = (*headers, ("content-length", str(len(body))))
        if not self._body_read:
            await self._read_on()
        await self.start(status, headers)
        self.ended = True
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


async def attend(exchange: Exchange, story: Coroutine[None, None, None]) -> None:
    """Run the story; when the client leaves before the answer's end, cancel it.

    Raises ClientGone then. What is left to do after the end is not disturbed.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(_leaving(exchange))
            await story
            watch.cancel()
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


async def _leaving(exchange: Exchange) -> None:
    await exchange.gone()
    if not exchange.ended:
        raise ClientGone
