"""The story of one request."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, assert_never

import structlog

from app.clock import Clock
from app.domain.hold import Hold, HoldState
from app.domain.record.session import Decision
from app.domain.record.session_facts import Origin
from app.domain.verdict import Action
from app.errors import AbeyanceError, Fault, Unavailable
from app.logs import where
from app.telemetry import Metrics
from app.wire.apis.mcp import MCP
from app.wire.clients import client_name
from policies.keeping import without
from policies.passages.names import PassageNames
from policies.reload import CatalogKeeper
from proxy.answer import Along, Relay
from proxy.calls.watching import Watching
from proxy.claims import headers_claimed, with_claim
from proxy.connections import Connections
from proxy.cursor.agents import CloudAgents
from proxy.exchange import ClientGone, Exchange, attend
from proxy.facts import Inquiry, split_target
from proxy.front import check_front, one_spelling
from proxy.holds.asking import Asking
from proxy.holds.endings import cancelled, denied_by_rule
from proxy.holds.held_request import HeldRequest
from proxy.holds.holding import Holding
from proxy.http.closed_endpoints import check_open
from proxy.http.compression import content_coding
from proxy.http.peer import Addresses
from proxy.http.shared_account import SharedAccount
from proxy.http.tokens import without_credentials
from proxy.inspection import Incoming, InspectedRequest, inspect
from proxy.keys.admission import Admission, Caller
from proxy.keys.scope import check_connection, check_models
from proxy.mcp.answers import ServerMessages
from proxy.mcp.calls import count_call, recorded_calls
from proxy.mcp.changing import as_changed, noted, with_change
from proxy.mcp.refusing import Refusing
from proxy.mcp.tools import Tools, with_changes
from proxy.record.histories import after_answer
from proxy.record.outcome import told
from proxy.record.recorder import Recorder
from proxy.record.rejections import Rejections, rejection_of
from proxy.upstream import Upstream
from proxy.visit import Visit
from proxy.work.answers import Answering
from proxy.work.pool import Pool
from proxy.work.threads import LARGE_BYTES

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.identity import Identity
    from app.domain.issued import Scope
    from app.domain.verdict import Verdict
    from policies.compiled_catalog import Catalog
    from proxy.record.recording import Recording

_AGENT_LENGTH = 300
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    body_bytes: int


@dataclass(frozen=True, slots=True)
class Gate:
    admission: Admission
    connections: Connections
    catalogs: CatalogKeeper
    recorder: Recorder
    rejections: Rejections
    asking: Asking
    holding: Holding
    watching: Watching
    names: PassageNames
    account: SharedAccount
    tools: Tools
    agents: CloudAgents
    upstream: Upstream
    pool: Pool
    clock: Clock
    limits: Limits
    addresses: Addresses
    metrics: Metrics
    shows_pages: bool
    """Whether people can open the page of a session."""

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request; whatever is wrong is told in the shape of the API it calls."""
        visit, cut = Visit(exchange, self.shows_pages), "the gateway stopped"
        try:
            exchange.check()
            check_front(exchange.method, exchange.target, exchange.query, exchange.headers)
            claim = headers_claimed(exchange.headers)
            caller = await self.admission.caller(exchange.headers, exchange.query)
            identity = with_claim(caller.identity, claim, self.catalogs.current.mask_name)
            caller = replace(caller, identity=identity)
            visit.identity = identity
            kept, exchange.query = without_credentials(exchange.headers, exchange.query)
            exchange.headers = self.account.personal(kept, identity)
            exchange.check_protocol()
            incoming = await self._read(visit, caller)
            await attend(exchange, self._serve(visit, incoming, caller.scope))
        except ClientGone:
            cut = "the client left"
        except AbeyanceError as error:
            await visit.refuse(error)
            self._note_rejection(visit, error)
        except Exception as surprise:  # noqa: BLE001 - the last resort, and nothing of it is shown
            _log.error("unexpected", kind=type(surprise).__name__, at=where(surprise))
            await visit.refuse(Fault("Something went wrong in the gateway, not in your request."))
        finally:
            self.metrics.requests.labels(*visit.summary()).inc()
            count_call(visit, self.metrics)
            if visit.recording is not None:
                self.recorder.done(visit.recording, cut)

    async def _read(self, visit: Visit, caller: Caller) -> Incoming:
        exchange = visit.exchange
        target, query = one_spelling(exchange.target, exchange.query)
        check_front(exchange.method, target, query, ())
        name, path = split_target(target)
        visit.connection = connection = await self.connections.find(name)
        check_connection(caller.scope, connection.name)
        check_open(connection, path)
        limit = self.limits.body_bytes
        body = await exchange.read(limit)
        coding, headers = content_coding(exchange.headers), exchange.headers
        incoming = Incoming(
            connection,
            exchange.method,
            path,
            query,
            headers,
            body,
            caller.identity,
            coding,
            self.names,
            limit,
        )
        return await self.agents.understood(incoming)

    async def _serve(self, visit: Visit, incoming: Incoming, scope: Scope) -> None:
        # One catalog for the whole request, whatever takes its place meanwhile.
        catalog, identity = self.catalogs.current, incoming.identity
        inspected = await self._inspected(incoming, catalog)
        inquiry = replace(inspected.whole(incoming), origin=self._origin(visit, catalog))
        visit.inquiry = inquiry
        check_models(scope, inquiry.request.method, inquiry.request.path, inquiry.models)
        await self.account.check(identity, inquiry)
        await self.account.note_cancelled(identity, inquiry)
        visit.giving = self.account.giving(identity, inquiry)
        verdict = await self._ruled(incoming, inspected, catalog)
        if inspected.fault is not None:
            raise inspected.fault
        hold: Hold | None = None
        match verdict.action:
            case Action.ALLOW:
                decision = Decision.ALLOWED
            case Action.MASK:
                decision = Decision.MASKED
            case Action.HOLD:
                judge = partial(self._judged, incoming, catalog, inspected, self.clock.now())
                change = partial(self._changed, visit, incoming)
                asked = HeldRequest(visit, identity, inquiry, verdict, judge, change)
                with visit.asking(self.clock):
                    answer = await self.asking.answer(asked)
                decision, hold = answer.decision, answer.hold
                if hold is not None and hold.state is HoldState.PENDING:
                    return await visit.defer(hold)
                inquiry = visit.inquiry
            case Action.DENY:
                visit.recording = await self.recorder.open(identity, inquiry, verdict)
                raise denied_by_rule(verdict)
            case _:
                assert_never(verdict.action)
        if visit.recording is None:
            visit.recording = await self.recorder.begin(identity, inquiry, verdict)
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
        server = self._server(inquiry, identity, recording, credential, catalog, hold)
        watched = self.watching.of(visit, incoming, inquiry, recording, catalog)
        cloud = self.agents.answer(
            *(identity, inquiry, credential, recording.session.id, visit.exchange.base_url)
        )
        made = recorded_calls(inquiry, verdict, decision, hold)
        along = Along(watched, server, cloud, partial(self._given, visit, inquiry), made)
        relay = Relay(visit, recording, answering, catalog, self.pool, along)
        await recording.forwarding(decision, hold)
        recording.stopwatch.sent()
        await self._forward(relay, inquiry, hold, credential)
        self.metrics.masked.inc(relay.tally.masked)
        return None

    def _server(
        self,
        inquiry: Inquiry,
        identity: Identity,
        recording: Recording,
        credential: str,
        catalog: Catalog,
        hold: Hold | None,
    ) -> ServerMessages | None:
        """Return what looks at the messages of an MCP server; None for any other API."""
        if inquiry.wire.name != MCP.name:
            return None
        connection = inquiry.connection
        refusing = Refusing(self.upstream, connection, inquiry.request, credential, recording)
        learn = partial(
            self.tools.learn,
            connection.name,
            identity,
            recording.session.id,
            mask=catalog.mask,
        )
        note = partial(noted, inquiry=inquiry, hold=hold)
        return ServerMessages(connection, learn, refusing.refuse, note)

    def _given(self, visit: Visit, inquiry: Inquiry, ids: frozenset[str]) -> None:
        """Have what follows an answer, by its id, belong to the same conversation."""
        if visit.recording is not None and visit.identity is not None:
            asker = inquiry.asker(visit.identity)
            said = [after_answer(one, asker, self.names) for one in sorted(ids)]
            self.recorder.goes_on(visit.recording, said)

    def _note_rejection(self, visit: Visit, error: AbeyanceError) -> None:
        if visit.recording is not None:
            return
        address, mask = self._address(visit), self.catalogs.current.mask_name
        identity = visit.identity.key if visit.identity else ""
        told = (visit.exchange, visit.refusal(error), error, address, identity, mask)
        self.rejections.note(error, address, partial(rejection_of, *told))

    def _address(self, visit: Visit) -> str:
        return self.addresses.of(visit.exchange.peer, visit.exchange.headers)

    def _origin(self, visit: Visit, catalog: Catalog) -> Origin:
        mask = catalog.mask_name
        agent = mask(visit.user_agent[:_AGENT_LENGTH])
        return Origin(self._address(visit), agent, client_name(agent), mask(visit.reason))

    async def _inspected(self, incoming: Incoming, catalog: Catalog) -> InspectedRequest:
        now = self.clock.now()
        size, familiar = incoming.size, self.pool.familiar
        work = size if incoming.coding else familiar.size(incoming.body, catalog)
        inspected = await self.pool.do(work, partial(inspect, incoming, now), catalog)
        if work < LARGE_BYTES and inspected.found_nothing and not incoming.coding:
            familiar.note(incoming.body, catalog)
        await self.pool.warm(size, inspected.inquiry.known)
        return await self._without_credential(inspected, size)

    async def _without_credential(self, inspected: InspectedRequest, size: int) -> InspectedRequest:
        """Take out the originals that have a part of the upstream's credential in them."""
        inquiry = inspected.inquiry
        if not inquiry.originals:
            return inspected
        secret = self.connections.credential(inquiry.connection)
        kept = await self.pool.threads.do(size, partial(without, secret, inquiry.originals))
        return replace(inspected, inquiry=replace(inquiry, originals=kept))

    async def _ruled(
        self, incoming: Incoming, inspected: InspectedRequest, catalog: Catalog
    ) -> Verdict:
        """Return the verdict of the catalog, and of what is known of the tools that are called."""
        connection, tools = incoming.connection.name, inspected.inquiry.mcp.tools
        changes = await self.tools.judge(
            connection, incoming.identity, tools, tuple(catalog.approvers)
        )
        return with_changes(inspected.verdict, changes)

    async def _judged(
        self, incoming: Incoming, catalog: Catalog, inspected: InspectedRequest, since: datetime
    ) -> Verdict:
        """Return what the rules of now say of a request that has waited since then.

        Raises CredentialEnded where its key has ended meanwhile, and Refused where they deny, or
        where the caller has taken it back: clients of MCP do so by a notification, and leave the
        call open.
        """
        await self.admission.check(incoming.identity)
        current = self.catalogs.current
        if await self.account.cancelled(incoming.identity, inspected.inquiry, since):
            raise cancelled(inspected.verdict)
        if current.revision != catalog.revision:
            inspected = await self._inspected(incoming, current)
        verdict = await self._ruled(incoming, inspected, current)
        if verdict.action is Action.DENY:
            raise denied_by_rule(verdict)
        return verdict

    async def _changed(
        self, visit: Visit, incoming: Incoming, hold: Hold
    ) -> tuple[Inquiry, Verdict]:
        """Return a call over MCP as an approver changed it, and what the rules of now say of it."""
        if (first := visit.inquiry) is None:
            raise RuntimeError("what was not read is not changed")
        catalog, changed = self.catalogs.current, with_change(incoming, first, hold)
        inspected = await self._inspected(changed, catalog)
        verdict = await self._ruled(changed, inspected, catalog)
        if inspected.fault is not None:
            raise inspected.fault
        inquiry = as_changed(inspected.whole(changed), first, incoming.digest())
        await self.pool.warm(changed.size, inquiry.known)
        visit.inquiry = inquiry
        return inquiry, verdict

    async def _forward(
        self, relay: Relay, inquiry: Inquiry, hold: Hold | None, credential: str
    ) -> None:
        began, status, fault = self.clock.now(), None, ""
        try:
            async with self.upstream.forward(
                inquiry.connection, self.agents.outgoing(inquiry), credential
            ) as answer:
                status = answer.status
                await relay.run(answer)
        except AbeyanceError as error:
            fault = str(error)
            raise
        finally:
            if hold is not None:
                seconds = (self.clock.now() - began).total_seconds()
                tokens = relay.usage.tokens
                total = tokens.total if tokens is not None else None
                became = told(status, fault or relay.error, seconds, total)
                with suppress(Unavailable):
                    await self.holding.note_outcome(hold, became)
