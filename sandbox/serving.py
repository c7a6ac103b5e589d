"""Listening sockets and servers for the stand-ins: loopback only, ports known before serving."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

HOST = "127.0.0.1"
GRACE_S = 0.3


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
    config.graceful_timeout = GRACE_S
    await hypercorn_serve(app, config, shutdown_trigger=shutdown.wait)


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
