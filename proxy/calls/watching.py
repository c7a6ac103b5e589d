"""Which answers have their tool calls decided on, and with what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from app.clock import Clock
from app.telemetry import Metrics
from app.wire.calls.choose import reader_for
from policies.calls.judge import CallRules, watch
from proxy.calls.asking import CallAsking
from proxy.calls.decisions import AnsweredRequest, Decisions
from proxy.calls.gate import CallGate, Waits
from proxy.calls.leaving import Leaving
from proxy.calls.limits import KeptBytes
from proxy.calls.scene import scene_of
from proxy.holds.waiting import WaitMode, patience_of, pulse_of, waiting_mode
from proxy.visit import Visit
from proxy.work.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.domain.connection import Connection
    from policies.compiled_catalog import Catalog
    from proxy.facts import Inquiry
    from proxy.front import Headers
    from proxy.inspection import Incoming
    from proxy.record.recording import Recording

MOST_SECONDS = 540.0
"""For how long a call is held in one answer: agents and what stands before them give up after ten
minutes. The hold goes on, and the same call finds it again."""


def held_for(headers: Headers, connection: Connection, mode: WaitMode) -> float:
    """Return for how many seconds a call is held in one answer, at most."""
    patience = patience_of(headers, connection, mode)
    return MOST_SECONDS if patience is None else min(patience, MOST_SECONDS)


@dataclass(frozen=True, slots=True)
class Watching:
    """Makes, of one request, what its answer's tool calls are decided with."""

    asking: CallAsking
    leaving: Leaving
    pool: Pool
    clock: Clock
    metrics: Metrics
    pulse_seconds: float
    limit: int
    """Of the bytes that are kept back of one answer."""
    kept: KeptBytes
    """What is kept back of all answers."""

    def of(
        self,
        visit: Visit,
        incoming: Incoming,
        inquiry: Inquiry,
        recording: Recording,
        catalog: Catalog,
    ) -> Watched | None:
        """Return it, or None where no rule looks at tool calls in this answer."""
        now = self.clock.now()
        watched = watch(catalog, inquiry.facts, incoming.identity, now)
        if watched is None:
            return None
        mode = waiting_mode(incoming.headers, inquiry.facts, inquiry.connection)
        told = AnsweredRequest(
            incoming.identity,
            incoming.names,
            inquiry,
            recording,
            inquiry.reason,
            held_for(incoming.headers, inquiry.connection, mode),
            partial(scene_of, incoming),
            incoming.size,
            program=visit.program,
        )
        decisions = Decisions(told, catalog, self.asking, self.pool, self.clock, self.metrics)
        kept_alive = mode is WaitMode.KEEP_ALIVE
        waits = Waits(
            pulse_seconds=pulse_of(incoming.headers, self.pulse_seconds, mode),
            line=kept_alive and inquiry.has_tools and visit.client.is_agent,
            together=watched.together,
            asker=inquiry.asker(incoming.identity),
        )
        return Watched(self, visit, watched, decisions, waits)


@dataclass(frozen=True, slots=True)
class Watched:
    """One request whose answer is read for tool calls."""

    watching: Watching
    visit: Visit
    watch: CallRules
    decisions: Decisions
    waits: Waits

    def gate(self, content_type: str, send: Callable[[bytes], Awaitable[None]]) -> CallGate | None:
        """Return what the answer passes through; None where it can make no calls."""
        wire = self.visit.wire
        reader = reader_for(
            wire,
            content_type,
            self.watch.wants,
            limit=self.watching.limit,
            alive=self.visit.client.alive(wire),
        )
        if reader is None:
            return None
        at, exchange = self.watching, self.visit.exchange
        return CallGate(
            *(reader, self.decisions, at.leaving, self.waits, at.kept, send),
            handed=lambda: exchange.handed,
        )
