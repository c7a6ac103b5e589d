"""Starts a gateway, and runs its server and tasks side by side."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import TYPE_CHECKING

import httpx
import sniffio  # noqa: F401 - httpx imports these at its first call: for the first token
import structlog
from anyio import connect_tcp, create_memory_object_stream  # noqa: F401 - as above
from anyio.streams import tls  # noqa: F401 - as above
from hypercorn.asyncio import serve
from hypercorn.config import Config

from app.parts import running
from app.sealing.choosing import master_keys
from app.settings import Settings, require
from app.storage.store import MongoStorage
from app.vault import Vault
from policies.reload import CatalogKeeper
from proxy.parts import Parts
from proxy.process.listener import empty_backlog, listen
from proxy.upstream import Upstream
from proxy.work.memory import share_arenas
from proxy.work.pool import Pool

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

_log = structlog.get_logger(__name__)
_GRACE_SECONDS = 2.0
_NEEDS = ("mongodb", "vault", "issuers")


async def run_gateway(
    settings: Settings, stop: asyncio.Event, announce: Callable[[str], None]
) -> None:
    """Serve until `stop` is set; `announce` is given the URL as soon as requests are served.

    A background task that dies takes the process down with it. Raises BadSettings, BadCatalog,
    StorageUnavailable.
    """
    require(settings, *_NEEDS)
    share_arenas()
    catalogs = CatalogKeeper(settings.catalog)
    vault = Vault(settings.vault_key.get_secret_value())
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, catalogs.reload)
    pool = Pool(settings.catalog, lambda: catalogs.current)
    with listen(settings) as listener, closing(pool):
        async with _storage(settings) as storage, _http() as http, _upstream(settings) as upstream:
            parts = Parts(settings, storage, http, upstream, catalogs, vault, pool)
            await _serve(parts, listener, stop, announce)


async def _serve(
    parts: Parts, listener: socket.socket, stop: asyncio.Event, announce: Callable[[str], None]
) -> None:
    host, port = listener.getsockname()[:2]

    async def ready() -> None:
        await parts.feed.ready.wait()
        announce(f"http://{host}:{port}")
        _log.info("gateway ready", host=host, port=port)

    async def stopping() -> None:
        await stop.wait()
        seconds = 0.0 if watch.death else parts.settings.drain_seconds
        await parts.drain.run(seconds, partial(empty_backlog, listener), parts.send_away)
        await parts.leaving.hurry()
        # Hypercorn has a descriptor of its own, and closes it next.
        listener.close()

    async with parts.life, running(stop, *(part.run() for part in parts.running)) as watch:
        telling = asyncio.ensure_future(ready())
        await serve(parts.door, _config(listener, parts.settings), shutdown_trigger=stopping)
        telling.cancel()


def _config(listener: socket.socket, settings: Settings) -> Config:
    config = Config()
    # Hypercorn makes its own socket of the descriptor, and closes it.
    config.bind = [f"fd://{os.dup(listener.fileno())}"]
    config.graceful_timeout = _GRACE_SECONDS
    config.keep_alive_timeout = settings.idle_seconds
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    return config


@asynccontextmanager
async def _storage(settings: Settings) -> AsyncIterator[MongoStorage]:
    storage = MongoStorage.connect(
        settings.mongodb_uri.get_secret_value(), settings.mongodb_database, master_keys(settings)
    )
    try:
        await storage.prepare()
        await storage.data_keys.check()
        yield storage
    finally:
        storage.close()


def _http() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=5.0, trust_env=False)


@asynccontextmanager
async def _upstream(settings: Settings) -> AsyncIterator[Upstream]:
    upstream = Upstream(settings.answer_seconds)
    try:
        yield upstream
    finally:
        await upstream.close()
