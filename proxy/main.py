"""The composition root of the gateway: builds the parts, runs server and tasks side by side."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import httpx
import structlog
from hypercorn.asyncio import serve
from hypercorn.config import Config

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.errors import Restarting, StorageUnavailable
from app.ids import new_id
from app.keys import derived_key
from app.parts import running
from app.pieces import Cutter
from app.settings import Settings, require
from app.storage.feed import HoldFeed
from app.storage.lifeline import Lifeline
from app.storage.store import MongoStorage
from app.telemetry import Metrics
from app.vault import Vault
from policies.passages.names import PassageNames
from policies.reload import CatalogKeeper, CatalogState
from proxy.browser.link_pages import LinkPages
from proxy.browser.linking import Linking
from proxy.browser.signing_in import SignIn, client_of
from proxy.browser.tickets import Tickets
from proxy.callers import Callers
from proxy.calls.asking import CallAsking
from proxy.calls.leaving import Leaving
from proxy.calls.watching import Watching
from proxy.connections import Connections
from proxy.gate import Gate, Limits
from proxy.holds.asking import Asking, AskingLimits
from proxy.holds.attendance import Attendance
from proxy.holds.granted import Granted
from proxy.holds.holding import Holding
from proxy.holds.turns import Turns
from proxy.http.shared_account import SharedAccount
from proxy.mcp.tools import Tools
from proxy.oidc.verify import Verifier
from proxy.process.draining import Drain
from proxy.process.heart import Heart
from proxy.process.listener import empty_backlog, listen
from proxy.record.pager import Bodies, Pager
from proxy.record.recorder import Recorder
from proxy.record.sweeper import Sweeper
from proxy.terminal.deciding import Deciding
from proxy.terminal.voters import Voters
from proxy.upstream import Upstream
from proxy.web import Door, create_pages
from proxy.work.pool import Pool

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

_log = structlog.get_logger(__name__)
_GRACE_SECONDS = 2.0
_SIGN_IN_LASTS = timedelta(minutes=10)
_NEEDS = ("mongodb", "vault", "issuers")


async def run_gateway(
    settings: Settings, stop: asyncio.Event, announce: Callable[[str], None]
) -> None:
    """Serve until `stop` is set; `announce` is given the URL as soon as requests are served.

    A background task that dies takes the process down with it. Raises BadSettings, BadCatalog,
    StorageUnavailable.
    """
    require(settings, *_NEEDS)
    catalogs = CatalogKeeper(settings.catalog)
    vault = Vault(settings.vault_key.get_secret_value())
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, catalogs.reload)
    pool = Pool(settings.catalog, lambda: catalogs.current)
    with listen(settings) as listener, closing(pool):
        async with _storage(settings) as storage, _http() as http, _upstream(settings) as upstream:
            parts = _Parts(settings, storage, http, upstream, catalogs, vault, pool)
            await _serve(parts, listener, stop, announce)


async def _serve(
    parts: _Parts, listener: socket.socket, stop: asyncio.Event, announce: Callable[[str], None]
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
        # Hypercorn has a descriptor of its own, and closes it next.
        listener.close()

    async with parts.life, running(stop, *(part.run() for part in parts.running)) as watch:
        telling = asyncio.ensure_future(ready())
        await serve(parts.door, _config(listener, parts.settings), shutdown_trigger=stopping)
        telling.cancel()


class _Parts:
    """What the gateway is made of, each built from those before it."""

    def __init__(
        self,
        settings: Settings,
        storage: MongoStorage,
        http: httpx.AsyncClient,
        upstream: Upstream,
        catalogs: CatalogKeeper,
        vault: Vault,
        pool: Pool,
    ) -> None:
        clock = SystemClock()
        metrics = Metrics(lambda: (catalogs.state.revision, bool(catalogs.state.fault)))
        ledger = ChainedLedger(storage.ledger, writer="gateway")
        verifier = Verifier(settings.issuers, http, clock)
        callers = Callers(verifier, storage.people, clock)
        self.settings, self._storage, self._catalogs = settings, storage, catalogs
        self.feed = HoldFeed(storage.holds)
        me = new_id(clock.now())
        cutter = Cutter(settings.vault_key.get_secret_value())
        bodies = Bodies(storage.pieces, cutter)
        recorder = Recorder(storage.sessions, bodies, ledger, clock, me)
        pager = Pager(storage.sessions, storage.pieces, storage.pages, cutter, me, clock, pool)
        self.life = Lifeline(storage.again)
        heart = Heart(me, self.life)
        sweeper = Sweeper(storage.gateways, storage.sessions, storage.holds, ledger, clock)
        attendance = Attendance(
            *(storage.leases, storage.holds, storage.notices, ledger, clock, settings.away_seconds)
        )
        self.running = (
            *(ledger, self.feed, catalogs, recorder, pager, heart, sweeper, attendance, pool),
        )
        holding = Holding(storage.holds, storage.statements, storage.notices, self.feed, clock, me)
        granted = Granted(storage.grants, ledger, clock)
        vault_key = settings.vault_key.get_secret_value()
        turns = Turns(storage.leases, me)
        limits = AskingLimits(settings.keep_alive_seconds, settings.pending_limit)
        gate = Gate(
            callers=callers,
            connections=Connections(storage.connections, vault),
            catalogs=catalogs,
            recorder=recorder,
            asking=Asking(turns, holding, granted, recorder, clock, limits, metrics),
            holding=holding,
            watching=Watching(
                CallAsking(turns, holding, granted, clock, limits, metrics),
                Leaving(storage.holds, ledger, clock),
                pool,
                clock,
                metrics,
                settings.keep_alive_seconds,
                settings.body_limit,
            ),
            names=PassageNames(derived_key(vault_key, "abeyance names of passages")),
            account=SharedAccount(storage.receipts, vault_key, clock),
            tools=Tools(storage.tools, storage.holds, ledger, clock),
            upstream=upstream,
            pool=pool,
            clock=clock,
            limits=Limits(settings.body_limit),
            metrics=metrics,
        )
        linking = Linking(storage.links, ledger, clock)
        links = linking, _link_pages(settings, linking, verifier, callers, http)
        deciding = Deciding(
            Voters(storage.people, lambda: catalogs.current.approvers),
            storage.holds,
            storage.grants,
            granted,
            ledger,
            clock,
            self._mask,
        )
        self.drain = drain = Drain()
        pages = create_pages(self._ready, metrics, callers, links, deciding, storage, drain)
        self.door = Door(gate, pages, self.drain)
        self._upstream = upstream

    def _mask(self, text: str) -> str:
        return self._catalogs.current.mask(text)

    def send_away(self) -> None:
        """End whatever is still in flight; each is told to come again."""
        self.feed.stop()
        self._upstream.stop()

    async def _ready(self) -> CatalogState:
        """Raise Unavailable where requests could not be held, or should go elsewhere."""
        if self.drain.begun:
            raise Restarting
        await self._storage.ping()
        if not self.feed.ready.is_set():
            raise StorageUnavailable("The change stream of holds is not open.")
        return self._catalogs.state


def _link_pages(
    settings: Settings,
    linking: Linking,
    verifier: Verifier,
    callers: Callers,
    http: httpx.AsyncClient,
) -> LinkPages | None:
    """Return the pages for browsers, where one is expected. Raises BadSettings."""
    client = client_of(settings)
    if client is None:
        return None
    key, clock = settings.vault_key.get_secret_value(), SystemClock()
    return LinkPages(
        linking,
        SignIn(client, verifier, callers, http),
        going=Tickets(key, "sign-in under way", _SIGN_IN_LASTS, clock),
        signed_in=Tickets(key, "signed in to link", _SIGN_IN_LASTS, clock),
        public_url=settings.public_url,
    )


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
async def _upstream(settings: Settings) -> AsyncIterator[Upstream]:
    upstream = Upstream(settings.answer_seconds)
    try:
        yield upstream
    finally:
        await upstream.close()
