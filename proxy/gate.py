"""The story of one request."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, assert_never

import structlog

from app.clock import Clock
from app.domain.hold import Hold, HoldState
from app.domain.session import Decision
from app.domain.verdict import Action
from app.errors import AbeyanceError, Fault, Reason, Refused, Unavailable
from app.logs import where
from app.storage.feed import Pulse
from app.telemetry import Metrics
from policies.reload import CatalogKeeper
from proxy.answer import Relay
from proxy.callers import Callers
from proxy.connections import Connections
from proxy.endings import needs_reason, rules_changed
from proxy.exchange import ClientGone, Exchange, attend
from proxy.facts import Inquiry, split_target
from proxy.front import check_front, one_spelling, stated_reason
from proxy.granted import Granted
from proxy.holding import Holding, hold_key
from proxy.http.compression import content_coding
from proxy.http.shared_account import SharedAccount
from proxy.http.tokens import without_credentials
from proxy.inspection import Asking, Inspected, inspect
from proxy.recorder import Recorder
from proxy.upstream import Upstream
from proxy.visit import Visit
from proxy.waiting import Mode, patience_of, waiting_mode
from proxy.work.answers import Answering
from proxy.work.pool import Pool

if TYPE_CHECKING:
    from app.domain.identity import Identity
    from app.domain.verdict import Verdict
    from policies.compiled_catalog import Catalog

_REASON_LENGTH = 500
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    body_bytes: int
    keep_alive_seconds: float


@dataclass(frozen=True, slots=True)
class Gate:
    callers: Callers
    connections: Connections
    catalogs: CatalogKeeper
    recorder: Recorder
    holding: Holding
    granted: Granted
    account: SharedAccount
    upstream: Upstream
    pool: Pool
    clock: Clock
    limits: Limits
    metrics: Metrics

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request; whatever is wrong is told in the shape of the API it calls."""
        visit, cut = Visit(exchange), "the gateway stopped"
        try:
            exchange.check()
            check_front(exchange.method, exchange.target, exchange.query, exchange.headers)
            identity = await self.callers.identify(exchange.headers, exchange.query)
            kept, exchange.query = without_credentials(exchange.headers, exchange.query)
            exchange.headers = self.account.personal(kept, identity)
            exchange.check_protocol()
            asking = await self._read(visit, identity)
            await attend(exchange, self._serve(visit, asking))
        except ClientGone:
            cut = "the client left"
        except AbeyanceError as error:
            await visit.refuse(error)
        except Exception as surprise:  # noqa: BLE001 - the last resort, and nothing of it is shown
            _log.error("unexpected", kind=type(surprise).__name__, at=where(surprise))
            await visit.refuse(Fault("Something went wrong in the gateway, not in your request."))
        finally:
            self.metrics.requests.labels(*visit.summary()).inc()
            if visit.recording is not None:
                self.recorder.done(visit.recording, cut)

    async def _read(self, visit: Visit, identity: Identity) -> Asking:
        exchange = visit.exchange
        target, query = one_spelling(exchange.target, exchange.query)
        check_front(exchange.method, target, query, ())
        name, path = split_target(target)
        visit.connection = connection = await self.connections.find(name)
        limit = self.limits.body_bytes
        body = await exchange.read(limit)
        coding, headers = content_coding(exchange.headers), exchange.headers
        return Asking(
            connection, exchange.method, path, query, headers, body, identity, coding, limit
        )

    async def _serve(self, visit: Visit, asking: Asking) -> None:
        # One catalog for the whole request, whatever takes its place meanwhile.
        catalog, identity = self.catalogs.current, asking.identity
        inspected = await self._inspected(asking, catalog)
        visit.inquiry = inquiry = inspected.whole(asking)
        await self.account.check(identity, inquiry)
        visit.giving = self.account.giving(identity, inquiry)
        verdict = inspected.verdict
        if inspected.fault is not None:
            raise inspected.fault
        hold: Hold | None = None
        match verdict.action:
            case Action.ALLOW:
                decision = Decision.ALLOWED
            case Action.MASK:
                decision = Decision.MASKED
            case Action.HOLD if grants := await self.granted.covering(
                identity, inquiry.connection.name, verdict
            ):
                decision = Decision.GRANTED
                ids = tuple(grant.id for grant in grants)
                visit.recording = await self.recorder.open(identity, inquiry, verdict, grants=ids)
                await self.granted.use(grants, visit.recording)
            case Action.HOLD:
                decision = Decision.APPROVED
                hold = await self._held(visit, asking, inquiry, verdict)
                if hold.state is HoldState.PENDING:
                    return await visit.defer(hold)
            case Action.DENY:
                visit.recording = await self.recorder.open(identity, inquiry, verdict)
                raise _denied(verdict)
            case _:
                assert_never(verdict.action)
        if visit.recording is None:
            visit.recording = await self.recorder.open(identity, inquiry, verdict)
        recording = visit.recording
        credential = self.connections.credential(inquiry.connection)
        answering = Answering(
            inquiry.connection.wire,
            inquiry.members,
            inquiry.facts,
            identity,
            credential,
            self.clock.now(),
            inquiry.known,
            self.limits.body_bytes,
        )
        relay = Relay(visit, recording, answering, catalog, self.pool)
        await recording.forwarding(decision, hold)
        await self._forward(relay, inquiry, hold, credential)
        self.metrics.masked.inc(relay.tally.masked)
        return None

    async def _inspected(self, asking: Asking, catalog: Catalog) -> Inspected:
        now = self.clock.now()
        size = asking.size
        inspected = await self.pool.do(size, partial(inspect, asking, now), catalog)
        await self.pool.threads.do(size, inspected.inquiry.known.warm)
        return inspected

    async def _held(self, visit: Visit, asking: Asking, inquiry: Inquiry, verdict: Verdict) -> Hold:
        """Return the hold as soon as it is ours to forward; or at once, for who will not wait."""
        headers, identity = visit.exchange.headers, asking.identity
        mode = waiting_mode(headers, inquiry.facts, inquiry.connection)
        caller = self.holding.caller() if mode is not Mode.ASYNC else ""
        hold = await self._joined(visit, identity, inquiry, verdict, caller)
        if visit.recording is None:
            visit.recording = await self.recorder.resume(hold.session_id)
        if mode is Mode.ASYNC and hold.state is HoldState.PENDING:
            return hold
        keep_alive = Pulse(self.limits.keep_alive_seconds, visit.keep_alive)
        pulse = keep_alive if mode is Mode.KEEP_ALIVE else None
        patience = patience_of(headers, inquiry.connection, mode)
        with self.metrics.waiting.track_inprogress():
            return await self.holding.released(
                hold,
                caller,
                visit.recording,
                patience,
                pulse,
                partial(self._still_good, asking, inquiry, verdict),
            )

    async def _still_good(self, asking: Asking, inquiry: Inquiry, verdict: Verdict) -> None:
        """Raise Refused where the catalog has changed while people decided, and asks for more."""
        catalog = self.catalogs.current
        if catalog.revision == verdict.catalog_revision:
            return
        identity, now = asking.identity, (await self._inspected(asking, catalog)).verdict
        if now.action is Action.DENY:
            raise _denied(now)
        if now.action is Action.HOLD and hold_key(identity, inquiry, now) != hold_key(
            identity, inquiry, verdict
        ):
            raise rules_changed(now)

    async def _joined(
        self,
        visit: Visit,
        identity: Identity,
        inquiry: Inquiry,
        verdict: Verdict,
        caller: str,
    ) -> Hold:
        """Open a hold, or re-attach to the one of the same request."""
        reason = stated_reason(visit.exchange.headers)[:_REASON_LENGTH]
        if existing := await self.holding.find(identity, inquiry, verdict):
            await self.holding.hear(existing, reason)
            return existing
        reason = reason or await self.holding.stated(identity, inquiry, verdict)
        if not reason and verdict.approval and verdict.approval.reason_required:
            visit.recording = await self.recorder.open(identity, inquiry, verdict)
            raise needs_reason(verdict)
        visit.recording = recording = await self.recorder.open(
            identity, inquiry, verdict, held=True
        )
        hold = await self.holding.open(identity, inquiry, verdict, recording, reason, caller)
        if hold.session_id != recording.session.id:
            visit.recording = None
            await recording.refuse(
                Decision.WITHDRAWN, f"the same request already waits in {hold.session_id}"
            )
        return hold

    async def _forward(
        self, relay: Relay, inquiry: Inquiry, hold: Hold | None, credential: str
    ) -> None:
        outcome = "sent; its answer was not seen"
        try:
            async with self.upstream.forward(
                inquiry.connection, inquiry.request, credential
            ) as answer:
                outcome = f"upstream {answer.status}"
                await relay.run(answer)
        except Unavailable as unavailable:
            outcome = str(unavailable)
            raise
        finally:
            if hold is not None:
                with suppress(Unavailable):
                    await self.holding.note_outcome(hold, outcome)


def _denied(verdict: Verdict) -> Refused:
    fired = verdict.decisive
    if fired is None:
        raise RuntimeError("a verdict that denies names its rule")
    return Refused(
        Reason.POLICY_DENIED,
        f"{fired.title} (rule {fired.rule}). {fired.explain}".strip(),
        rule=fired.rule,
    )
