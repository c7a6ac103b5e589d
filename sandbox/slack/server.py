"""The workspace as a server: its app, and how it runs beside others in one process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from sandbox.serving import HOST, Listener, listen
from sandbox.slack.errors import Refused
from sandbox.slack.guard import guard
from sandbox.slack.hooks import response_urls
from sandbox.slack.page import page
from sandbox.slack.people.control import control, show_refusal
from sandbox.slack.switches import switches
from sandbox.slack.web.routes import web_api
from sandbox.slack.web.socket_mode import socket_mode
from sandbox.slack.workspace import Workspace

GRACE_SECONDS = 0.3


def create_app(workspace: Workspace) -> Quart:
    """Web API, Socket Mode, response URLs, the driver's side and the page, on one port."""
    app = Quart(__name__, static_folder=None)
    app.register_blueprint(web_api(workspace))
    app.register_blueprint(socket_mode(workspace))
    app.register_blueprint(response_urls(workspace))
    app.register_blueprint(control(workspace))
    app.register_blueprint(switches(workspace))
    app.register_blueprint(page())
    app.register_error_handler(Refused, show_refusal)
    guard(app)
    return app


async def run(
    port: int, data: Path | None, shutdown: asyncio.Event, ready: Callable[[int], None]
) -> None:
    """Serve on `port` (0 takes a free one) until `shutdown` is set; `ready` gets the port."""
    await run_workspace(Workspace(data), port, shutdown, ready)


async def run_workspace(
    workspace: Workspace, port: int, shutdown: asyncio.Event, ready: Callable[[int], None]
) -> None:
    listener = listen(port)
    workspace.base_url = listener.url

    async def stopping() -> None:
        await shutdown.wait()
        workspace.close()

    ready(int(listener.sock.getsockname()[1]))
    async with asyncio.TaskGroup() as tasks:
        retrying = tasks.create_task(workspace.delivery.retry_events())
        try:
            await serve(create_app(workspace), _config(listener), shutdown_trigger=stopping)
        finally:
            retrying.cancel()
            workspace.close()


@asynccontextmanager
async def serving(workspace: Workspace, port: int = 0) -> AsyncIterator[str]:
    """A running workspace for the length of a block. Gives its base URL."""
    shutdown = asyncio.Event()
    bound: list[int] = []
    async with asyncio.TaskGroup() as tasks:
        up = asyncio.Event()

        def ready(number: int) -> None:
            bound.append(number)
            up.set()

        tasks.create_task(run_workspace(workspace, port, shutdown, ready))
        await up.wait()
        try:
            yield f"http://{HOST}:{bound[0]}"
        finally:
            shutdown.set()


def _config(listener: Listener) -> Config:
    """Hypercorn takes over the descriptor, so that nobody can take the port in between.

    It sends no pings of its own: its ping task would hold each closed socket for an interval.
    """
    config = Config()
    config.bind = [f"fd://{listener.sock.detach()}"]
    config.accesslog = None
    config.errorlog = None
    config.graceful_timeout = GRACE_SECONDS
    return config
