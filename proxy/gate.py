"""The story of one request."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from app.clock import Clock
from app.domain.session import Decision
from app.domain.verdict import Action
from app.errors import AbeyanceError, Reason, Refused, Unavailable
from app.ids import new_id
from policies.compiled import Catalog
from policies.decide import decide
from proxy.answer import Relay
from proxy.callers import Callers
from proxy.connections import Connections
from proxy.exchange import ClientGone, Exchange, attend
from proxy.facts import Inquiry, read_inquiry, split_target
from proxy.front import check_front, header
from proxy.holding import Holding
from proxy.recorder import Recorder
from proxy.upstream import Upstream
from proxy.visit import Visit

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.domain.verdict import Verdict
    from proxy.front import Headers
    from proxy.recorder import Recording
    from proxy.upstream import Answer

_REASON_LENGTH = 500
# The part of the client's own read timeout that we use up; the rest is for our answer to arrive.
_PATIENCE = 0.95


@dataclass(frozen=True, slots=True)
class Gate:
    callers: Callers
    connections: Connections
    catalog: Catalog
    recorder: Recorder
    holding: Holding
    upstream: Upstream
    clock: Clock
    body_limit: int

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request; whatever is wrong is told in the shape of the API it calls."""
        visit = Visit(exchange)
        try:
            check_front(exchange.method, exchange.target, exchange.headers)
            identity = await self.callers.identify(exchange.headers)
            name, path = split_target(exchange.target)
            connection = await self.connections.find(name)
            raw = await exchange.read(self.body_limit)
            visit.inquiry = read_inquiry(
                connection, exchange.method, path, exchange.query, exchange.headers, raw
            )
            await attend(exchange, self._serve(visit, identity, visit.inquiry))
        except ClientGone:
            return
        except AbeyanceError as error:
            await visit.refuse(error)

    async def _serve(self, visit: Visit, identity: Identity, inquiry: Inquiry) -> None:
        verdict = decide(inquiry.facts, identity, self.catalog, self.clock.now())
        inquiry = self._masked(inquiry, verdict)
        hold: Hold | None = None
        match verdict.action:
            case Action.ALLOW:
                decision = Decision.ALLOWED
            case Action.MASK:
                decision = Decision.MASKED
            case Action.HOLD:
                decision = Decision.APPROVED
                hold = await self._released(visit, identity, inquiry, verdict)
            case Action.DENY:
                visit.recording = await self.recorder.open(identity, inquiry, verdict)
                raise _denied(verdict)
            case _:
                assert_never(verdict.action)
        if visit.recording is None:
            visit.recording = await self.recorder.open(identity, inquiry, verdict)
        await visit.recording.decide(decision)
        await self._forward(visit, visit.recording, identity, inquiry, hold)

    def _masked(self, inquiry: Inquiry, verdict: Verdict) -> Inquiry:
        asked = any(fired.enforced and fired.action is Action.MASK for fired in verdict.fired)
        return inquiry.masked(self.catalog.request_mask(verdict)) if asked else inquiry

    async def _released(
        self, visit: Visit, identity: Identity, inquiry: Inquiry, verdict: Verdict
    ) -> Hold:
        """Open a hold, or re-attach to the one of the same request, and wait until it is ours."""
        hold = await self.holding.find(identity, inquiry, verdict)
        if hold is None:
            recording = await self.recorder.open(
                identity, inquiry, verdict, hold_id=new_id(self.clock.now())
            )
            reason = header(visit.exchange.headers, "abeyance-reason")[:_REASON_LENGTH]
            hold = await self.holding.open(identity, inquiry, verdict, recording, reason)
            if hold.session_id != recording.session.id:
                await recording.refuse(
                    Decision.WITHDRAWN, f"the same request already waits in {hold.session_id}"
                )
        visit.recording = await self.recorder.resume(hold.session_id)
        return await self.holding.released(hold, visit.recording, _patience(visit.exchange.headers))

    async def _forward(
        self,
        visit: Visit,
        recording: Recording,
        identity: Identity,
        inquiry: Inquiry,
        hold: Hold | None,
    ) -> None:
        credential = self.connections.credential(inquiry.connection)
        masking = self.catalog.answer_masking(inquiry.facts, identity, credential, self.clock.now())
        await recording.forwarding()
        outcome = "not forwarded"
        try:
            async with self.upstream.forward(
                inquiry.connection, inquiry.request, credential
            ) as answer:
                outcome = f"upstream {answer.status}"
                relay = Relay(visit.exchange, recording, inquiry.wire, masking)
                await relay.run(answer, _headers(answer, credential, recording))
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


def _headers(answer: Answer, credential: str, recording: Recording) -> Headers:
    session = recording.session
    fired = session.verdict.decisive
    ours = (
        ("abeyance-session", session.id),
        ("abeyance-decision", session.decision.value),
        ("abeyance-rule", fired.rule if fired else ""),
    )
    return (*answer.headers(credential), *((name, value) for name, value in ours if value))


def _patience(headers: Headers) -> float | None:
    """Return for how many seconds the client will wait, if its SDK says so; else None."""
    try:
        seconds = float(header(headers, "x-stainless-read-timeout"))
    except ValueError:
        return None
    return seconds * _PATIENCE if seconds > 0 else None
