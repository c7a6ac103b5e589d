"""Slack over signed HTTP: Bolt's ASGI handler, served beside the other tasks of the bot."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler

from bot.manifest import EVENTS_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypercorn.typing import ASGIFramework
    from slack_bolt.async_app import AsyncApp

_GRACE_SECONDS = 1.0


async def serve_events(
    app: AsyncApp, host: str, port: int, announce: Callable[[str], None]
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
    handler = cast("ASGIFramework", AsyncSlackRequestHandler(app, path=EVENTS_PATH))
    # Without a trigger of its own Hypercorn would take the signals that stop us.
    await serve(handler, config, shutdown_trigger=asyncio.Event().wait)
