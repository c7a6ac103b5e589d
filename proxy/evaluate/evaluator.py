"""The story of one question of a hook, such as whether a tool may be called.

It is answered as the same thing on the wire is, by the same rules, people and approvals, and with
the same record: the question is written before people are asked, the answer before it is given.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from app.domain.event import EventKind
from app.domain.hook import HookEvent
from app.errors import (
    AbeyanceError,
    BadRequest,
    Fault,
    MethodNotAllowed,
    Refused,
    Unavailable,
    Unsupported,
)
from app.logs import where
from app.telemetry import Metrics
from policies.passages.names import PassageNames
from policies.reload import CatalogKeeper
from proxy.calls.leaving import Leaving
from proxy.claims import claimed_provenance, with_claim
from proxy.connections import Connections
from proxy.evaluate.calls import Calls
from proxy.evaluate.evaluation import MOST_BYTES, Evaluation, read_evaluation
from proxy.evaluate.inquiry import HookQuestion, kind_of
from proxy.evaluate.lines import HEADERS, Lines
from proxy.evaluate.result import Result, refused_as
from proxy.evaluate.texts import TextJudge
from proxy.exchange import ClientGone, Exchange, attend
from proxy.front import check_front, stated_reason
from proxy.http.compression import content_coding
from proxy.http.peer import Addresses
from proxy.keys.admission import Admission, Caller
from proxy.keys.scope import check_connection
from proxy.record.recorder import Recorder
from proxy.record.refusing import note_refusal
from proxy.record.rejections import Rejections, rejection_of
from proxy.refusals import refusal_for

if TYPE_CHECKING:
    from app.domain.connection import Connection
    from app.domain.hold import Hold
    from app.domain.issued import Scope

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluator:
    admission: Admission
    connections: Connections
    catalogs: CatalogKeeper
    texts: TextJudge
    calls: Calls
    leaving: Leaving
    recorder: Recorder
    rejections: Rejections
    addresses: Addresses
    names: PassageNames
    metrics: Metrics
    pulse_seconds: float

    async def handle(self, exchange: Exchange) -> None:
        """Answer one question; without an answer that allows it, a hook has to block."""
        lines, cut = Lines(exchange, 0, self.pulse_seconds), "the gateway stopped"
        caller: Caller | None = None
        try:
            exchange.check()
            check_front(exchange.method, exchange.target, exchange.query, exchange.headers)
            _check_method(exchange.method)
            caller = await self.admission.caller(exchange.headers, exchange.query)
            question = await self._question(exchange, caller)
            lines.patience = question.evaluation.patience
            await attend(exchange, self._serve(question, lines))
        except ClientGone:
            cut = "the hook stopped waiting"
            self._withdraw(lines.hold)
        except AbeyanceError as error:
            await lines.failed(error)
            await self._note_refusal(exchange, lines, error, caller)
        except Exception as surprise:  # noqa: BLE001 - the last resort, and nothing of it is shown
            _log.error("unexpected", kind=type(surprise).__name__, at=where(surprise))
            await lines.failed(Fault("Something went wrong in the gateway."))
        finally:
            if lines.recording is not None:
                self.recorder.done(lines.recording, cut)

    async def _question(self, exchange: Exchange, caller: Caller) -> HookQuestion:
        if content_coding(exchange.headers):
            raise Unsupported("Send the question as it is, without a content encoding.")
        asked = read_evaluation(await exchange.read(MOST_BYTES))
        connection = await self._connection(asked, caller.scope)
        claim = claimed_provenance(asked.repository, asked.commit, asked.branch)
        identity = with_claim(caller.identity, claim, self.catalogs.current.mask_name)
        reason = stated_reason(exchange.headers)
        return HookQuestion(asked, connection, identity, self.names, reason)

    async def _connection(self, asked: Evaluation, scope: Scope) -> Connection:
        """Return the connection that a question names, or else the tool's own if there is one."""
        if asked.connection:
            check_connection(scope, asked.connection)
        known = [one for one in await self.connections.usable() if scope.allows(one.name)]
        kind = kind_of(asked.tool)
        fitting = [one for one in known if one.kind is kind]
        if asked.connection:
            fitting = [one for one in known if one.name == asked.connection]
        if len(fitting) != 1:
            names = ", ".join(one.name for one in known) or "none; an administrator adds one"
            raise BadRequest(f"Name the `connection` that {asked.tool.value} uses. Known: {names}.")
        return fitting[0]

    async def _serve(self, question: HookQuestion, lines: Lines) -> None:
        is_call = question.evaluation.event is HookEvent.TOOL_CALL
        judge = self.calls.judge if is_call else self.texts.judge
        try:
            result = await judge(question, lines)
        except Refused as refused:
            result = refused_as(refused, lines.hold)
            # A no that cannot be recorded is a no still.
            with suppress(Unavailable):
                if lines.recording is not None:
                    await note_refusal(lines.recording, refused)
            await lines.decided(result.line())
        else:
            await self._tell(result, lines)
        asked = question.evaluation
        self.metrics.evaluations.labels(
            asked.tool.value, asked.event.value, result.decision.value
        ).inc()

    async def _tell(self, result: Result, lines: Lines) -> None:
        """Write what the hook is told, then tell it."""
        recording, line = lines.recording, result.line()
        if recording is None:
            raise RuntimeError("an answer was found to what was not recorded")
        kind = EventKind.HOOK_ALLOWED if result.allows else EventKind.HOOK_DENIED
        await recording.forwarding(result.decision, result.claimed, kind)
        await recording.start_answer(200, HEADERS)
        await recording.chunks.sent(line, at_once=True)
        await lines.decided(line)
        await recording.end_answer(body_bytes=len(line), masked=0, rules=(), calls=result.calls)

    async def _note_refusal(
        self, exchange: Exchange, lines: Lines, error: AbeyanceError, caller: Caller | None
    ) -> None:
        if lines.recording is not None:
            with suppress(Unavailable):
                await note_refusal(lines.recording, error)
            return
        address = self.addresses.of(exchange.peer, exchange.headers)
        identity = caller.identity.key if caller else ""
        mask = self.catalogs.current.mask_name
        told = (exchange, refusal_for(error, ""), error, address, identity, mask)
        self.rejections.note(error, address, partial(rejection_of, *told))

    def _withdraw(self, hold: Hold | None) -> None:
        """Withdraw a hold that a hook opened about a text; that of a call is already."""
        if hold is not None and hold.hook is not None and hold.tool is None:
            self.leaving.withdraw(hold)


def _check_method(method: str) -> None:
    if method != "POST":
        raise MethodNotAllowed("Ask with POST.")
