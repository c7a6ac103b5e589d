"""Listening sockets and servers for the stand-ins: loopback only, ports known before serving."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    HTTPDisconnectEvent,
    Scope,
)

T = TypeVar("T")

HOST = "127.0.0.1"
GRACE_S = 0.2
# Only for what does not end when it is told that its client left.
HARD_STOP_S = 0.5


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound, listening socket and the base URL that reaches it."""

    sock: socket.socket
    url: str

    def close(self) -> None:
        self.sock.close()


def listen(port: int) -> Listener:
    """Bind a loopback port (0: any free one). Raises OSError when it is taken.

    Connections made from now on wait in the backlog until the server accepts them, so the URL
    can be handed out before the server runs.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return Listener(sock, f"http://{HOST}:{sock.getsockname()[1]}")


async def serve(app: ASGIFramework, listener: Listener, shutdown: asyncio.Event) -> None:
    """Serve until `shutdown` is set; answers under way get GRACE_S seconds to end."""
    config = Config()
    # Hypercorn makes its own socket object of the descriptor: ours must let go of it.
    config.bind = [f"fd://{listener.sock.detach()}"]
    config.loglevel = "WARNING"
    config.graceful_timeout = HARD_STOP_S
    await hypercorn_serve(Leaving(app, shutdown), config, shutdown_trigger=shutdown.wait)


class Leaving:
    """Around an application: tells each request, soon after the shutdown, that its client left.

    Hypercorn would cancel an answer that stalls, and asyncio would print that as an error.
    """

    def __init__(self, app: ASGIFramework, shutdown: asyncio.Event) -> None:
        self._app = app
        self._shutdown = shutdown

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        async def receive_or_leave() -> ASGIReceiveEvent:
            return await first_of(receive(), self._leave())

        is_request = scope["type"] == "http"
        await self._app(scope, receive_or_leave if is_request else receive, send)

    async def _leave(self) -> HTTPDisconnectEvent:
        await self._shutdown.wait()
        await asyncio.sleep(GRACE_S)
        return {"type": "http.disconnect"}


async def first_of(*waits: Awaitable[T]) -> T:
    """Wait for whichever ends first; the others are cancelled."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(_await(wait)) for wait in waits]
        done, pending = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
    return next(task for task in running if task in done).result()


async def _await(wait: Awaitable[T]) -> T:
    return await wait


@asynccontextmanager
async def running(app: ASGIFramework, listener: Listener) -> AsyncIterator[str]:
    """Serve inside the block, for tests; gives the base URL."""
    shutdown = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(app, listener, shutdown))
        try:
            yield listener.url
        finally:
            shutdown.set()
