"""The parts of a gateway, each built from those before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.audit.ledger import ChainedLedger
from app.audit.moves import Mover
from app.clock import SystemClock
from app.errors import Restarting, StorageUnavailable
from app.ids import new_id
from app.keys import derived_key
from app.storage.feed import HoldFeed
from app.storage.lifeline import Lifeline
from app.telemetry import Metrics
from policies.passages.names import PassageNames
from proxy.app_login.parts import AppLogin
from proxy.browser.client import client_of
from proxy.browser.linking import Linking
from proxy.browser.visits import Visits
from proxy.callers import Callers
from proxy.calls.asking import CallAsking
from proxy.calls.leaving import Leaving
from proxy.calls.limits import KeptBytes
from proxy.calls.watching import Watching
from proxy.connections import Connections
from proxy.cursor.beside import Beside
from proxy.cursor.parts import CloudParts
from proxy.evaluate.calls import Calls
from proxy.evaluate.evaluator import Evaluator
from proxy.evaluate.texts import TextJudge
from proxy.gate import Gate, Limits
from proxy.holds.asking import Asking
from proxy.holds.attendance import Attendance
from proxy.holds.granted import Granted
from proxy.holds.holding import Holding
from proxy.holds.limits import AskingLimits
from proxy.holds.turns import RequesterTurns
from proxy.http.peer import Addresses
from proxy.http.shared_account import SharedAccount
from proxy.keys.parts import IssuedParts
from proxy.mcp.tools import Tools
from proxy.oidc.verify import TokenVerifier
from proxy.our_pages import OurPages
from proxy.process.draining import Drain
from proxy.process.heart import Heart
from proxy.record.archive import CatalogArchive
from proxy.record.pager import Bodies, Pager
from proxy.record.recorder import Recorder
from proxy.record.rejections import Rejections
from proxy.record.sweeper import Sweeper
from proxy.replay.originals import Originals
from proxy.replay.parts import replay_pages
from proxy.replay.viewers import Viewers
from proxy.terminal.deciding import Deciding
from proxy.terminal.voters import Voters
from proxy.web import Door, create_pages

if TYPE_CHECKING:
    import httpx

    from app.settings import Settings
    from app.storage.store import MongoStorage
    from app.vault import Vault
    from policies.reload import CatalogKeeper, CatalogState
    from proxy.upstream import Upstream
    from proxy.work.pool import Pool

_ANSWERS_KEPT = 8
"""How many answers of the largest size may wait for decisions about their calls at a time."""
_PULSE_SECONDS = 10.0
"""How often a hook is told, at the least, that people are being asked."""


class _Running(Protocol):
    """A part with a task of the process."""

    async def run(self) -> None: ...


class Parts:
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
        verifier = TokenVerifier(settings.issuers, http, clock)
        callers = Callers(verifier, storage.people, clock)
        self.settings, self._storage, self._catalogs = settings, storage, catalogs
        self.feed = HoldFeed(storage.holds)
        me = new_id(clock.now())
        keys = storage.data_keys
        bodies = Bodies(storage.pieces, keys)
        recorder = Recorder(storage.sessions, bodies, ledger, clock, me)
        archive = CatalogArchive(storage.catalogs, ledger, clock, lambda: catalogs.current)
        rejections = Rejections(storage.rejections, clock)
        pager = Pager(storage.sessions, storage.pieces, storage.pages, keys, me, clock, pool)
        self.life = Lifeline(storage.again)
        heart = Heart(me, self.life)
        sweeper = Sweeper(storage.gateways, storage.sessions, storage.holds, ledger, clock)
        attendance = Attendance(
            *(storage.leases, storage.holds, storage.notices, ledger, clock, settings.away_seconds)
        )
        self.leaving = leaving = Leaving(storage.holds, ledger, clock)
        issued = IssuedParts(settings, storage, verifier, callers, ledger, http, self._mask)
        connections = Connections(storage.connections, vault, settings.connections_seconds)
        vault_key = settings.vault_key.get_secret_value()
        account = SharedAccount(storage.receipts, vault_key, clock)
        beside = Beside(storage.people, connections, lambda: catalogs.current, recorder, clock)
        cloud = CloudParts(settings, storage, vault, beside, account, upstream)
        self.running: tuple[_Running, ...] = (
            *(ledger, keys, self.feed, catalogs, recorder, pager, heart, sweeper, attendance, pool),
            *(issued.credentials, cloud.sending, rejections, archive),
        )
        mover = Mover(storage.holds, ledger, clock)
        holding = Holding(
            *(storage.holds, storage.statements, storage.notices, self.feed, mover), clock, me
        )
        granted = Granted(storage.grants, ledger, clock)
        turns = RequesterTurns(storage.leases, me)
        limits = AskingLimits(settings.keep_alive_seconds, settings.pending_limit)
        asking = Asking(turns, holding, granted, recorder, clock, limits, metrics)
        call_asking = CallAsking(
            *(turns, holding, granted, clock, limits, metrics), issued.admission.check
        )
        names = PassageNames(derived_key(vault_key, "abeyance names of passages"))
        addresses = Addresses(settings.proxies, settings.trusted_proxies)
        gate = Gate(
            admission=issued.admission,
            connections=connections,
            catalogs=catalogs,
            recorder=recorder,
            rejections=rejections,
            asking=asking,
            holding=holding,
            watching=Watching(
                call_asking,
                leaving,
                pool,
                clock,
                metrics,
                settings.keep_alive_seconds,
                settings.body_limit,
                KeptBytes(_ANSWERS_KEPT * settings.body_limit),
            ),
            names=names,
            account=account,
            agents=cloud.agents,
            tools=Tools(storage.tools, storage.holds, ledger, clock),
            upstream=upstream,
            pool=pool,
            clock=clock,
            limits=Limits(settings.body_limit),
            addresses=addresses,
            shows_pages=client_of(settings) is not None,
            metrics=metrics,
        )
        evaluator = Evaluator(
            issued.admission,
            connections,
            catalogs,
            TextJudge(asking, recorder, catalogs, pool, clock),
            Calls(call_asking, leaving, recorder, catalogs, pool, clock, metrics),
            leaving,
            recorder,
            rejections,
            addresses,
            names,
            metrics,
            min(settings.keep_alive_seconds, _PULSE_SECONDS),
        )
        linking = Linking(storage.links, ledger, clock)
        voters = Voters(storage.people, lambda: catalogs.current.approvers)
        deciding = Deciding(
            voters,
            storage.holds,
            storage.grants,
            granted,
            ledger,
            clock,
            self._mask,
        )
        visits = _visits(settings, storage, verifier, callers, http)
        login = (
            AppLogin(settings, storage, visits, issued, connections, catalogs) if visits else None
        )
        self.drain = Drain()
        replay = (
            replay_pages(
                *(settings, storage, visits, ledger, lambda: catalogs.current, pool, self.drain)
            )
            if visits
            else None
        )
        self.running += (replay.dashboard,) if replay else ()
        ours = OurPages(
            *(settings, callers, linking, visits, deciding, storage, clock, connections, issued),
            app_login=login,
            cloud=cloud,
            replay=replay,
            originals=Originals(storage.originals, ledger, clock),
            viewers=Viewers(voters, lambda: catalogs.current.approvers),
        )
        pages = create_pages(
            self._ready, metrics, self.drain, ours.blueprints(), settings.public_url
        )
        fixed_paths = login.fixed_paths if login else None
        self.door = Door(gate, evaluator, fixed_paths, pages, self.drain, settings.public_url)
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


def _visits(
    settings: Settings,
    storage: MongoStorage,
    verifier: TokenVerifier,
    callers: Callers,
    http: httpx.AsyncClient,
) -> Visits | None:
    """Return who signs in with a browser, where one is expected. Raises BadSettings."""
    client = client_of(settings)
    if client is None:
        return None
    from proxy.browser.signing_in import SignIn  # noqa: PLC0415 - an HTTP client of its own, which few gateways need

    return Visits(
        SignIn(client, verifier, callers, http),
        storage.people,
        vault_key=settings.vault_key.get_secret_value(),
        clock=SystemClock(),
        public_url=settings.public_url,
    )
