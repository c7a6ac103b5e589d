"""The composition root of the gateway: builds the parts, runs server and tasks side by side."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import structlog
from hypercorn.asyncio import serve
from hypercorn.config import Config

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.errors import BadSettings, StorageUnavailable
from app.settings import Settings, require
from app.storage.feed import HoldFeed
from app.storage.store import MongoStorage
from app.vault import Vault
from policies.loader import load_catalog
from proxy.callers import Callers
from proxy.connections import Connections
from proxy.gate import Gate, Limits
from proxy.granted import Granted
from proxy.holding import Holding
from proxy.oidc.verify import Verifier
from proxy.recorder import Recorder
from proxy.upstream import Upstream
from proxy.web import Door, create_pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_log = structlog.get_logger(__name__)
_GRACE_SECONDS = 2.0
_BACKLOG = 1024
_NEEDS = ("mongodb", "vault", "issuers")


async def run_gateway(
    settings: Settings, stop: asyncio.Event, announce: Callable[[str], None]
) -> None:
    """Serve until `stop` is set; `announce` is given the URL as soon as requests are served.

    A background task that dies takes the process down with it.

    Raises BadSettings, BadCatalog, StorageUnavailable.
    """
    require(settings, *_NEEDS)
    catalog = load_catalog(settings.catalog)
    vault = Vault(settings.vault_key.get_secret_value())
    clock = SystemClock()
    with _listen(settings.host, settings.port) as listener:
        host, port = listener.getsockname()[:2]
        async with _storage(settings) as storage, _http() as http, _upstream() as upstream:
            ledger = ChainedLedger(storage.ledger, writer="gateway")
            feed = HoldFeed(storage.holds)
            callers = Callers(Verifier(settings.issuers, http, clock), storage.people, clock)

            async def ready() -> None:
                await storage.ping()
                if not feed.ready.is_set():
                    raise StorageUnavailable("the change stream of holds is not open")

            gate = Gate(
                callers=callers,
                connections=Connections(storage.connections, vault),
                catalog=catalog,
                recorder=Recorder(storage.sessions, ledger, clock),
                holding=Holding(storage.holds, feed, clock),
                granted=Granted(storage.grants, clock),
                upstream=upstream,
                clock=clock,
                limits=Limits(settings.body_limit, settings.keep_alive_seconds),
            )
            door = Door(gate, create_pages(ready, callers, storage.sessions, storage.holds))
            async with asyncio.TaskGroup() as tasks:
                background = [tasks.create_task(part.run()) for part in (ledger, feed)]
                background.append(
                    tasks.create_task(_announce(feed, f"http://{host}:{port}", announce))
                )

                async def stopping() -> None:
                    await stop.wait()
                    feed.stop()

                await serve(door, _config(listener), shutdown_trigger=stopping)
                for task in background:
                    task.cancel()


async def _announce(feed: HoldFeed, url: str, announce: Callable[[str], None]) -> None:
    await feed.ready.wait()
    announce(url)
    _log.info("gateway ready", url=url)


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        raise BadSettings(
            f"ABEYANCE_HOST={host} ABEYANCE_PORT={port}: cannot listen there ({error.strerror}); "
            "choose another port, or stop whoever listens"
        ) from error
    listener.setblocking(False)
    return listener


def _config(listener: socket.socket) -> Config:
    config = Config()
    # Hypercorn makes its own socket of the descriptor: ours must let go of it.
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = _GRACE_SECONDS
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = "-"
    config.loglevel = "WARNING"
    return config


@asynccontextmanager
async def _storage(settings: Settings) -> AsyncIterator[MongoStorage]:
    storage = MongoStorage.connect(
        settings.mongodb_uri.get_secret_value(), settings.mongodb_database
    )
    try:
        await storage.prepare()
        yield storage
    finally:
        storage.close()


def _http() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=5.0, trust_env=False)


@asynccontextmanager
async def _upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    try:
        yield upstream
    finally:
        await upstream.close()
