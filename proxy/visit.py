"""One request while it is with us: what is known of it so far, and how to refuse it."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import structlog

from app.domain.connection import Connection, Waiting
from app.domain.identity import Identity
from app.domain.record.session import Decision
from app.errors import AbeyanceError, MethodNotAllowed, Refused, Unavailable
from app.ids import short
from app.storage.feed import Periodic
from app.wire.clients import Client, client_of
from app.wire.mcp.links import link
from app.wire.mcp.progress import progress
from app.wire.registry import WIRES, wire_for
from app.wire.waiting.line import Continuation
from app.wire.waiting.line import line as waiting_line
from policies.approvals.approval import asked
from proxy.exchange import Exchange
from proxy.facts import Inquiry
from proxy.front import client_named, header, stated_reason
from proxy.holds.polling import POLL_SECONDS
from proxy.holds.waiting import WaitMode, patience_of, pulse_of, waiting_mode
from proxy.http.shared_account import Giving
from proxy.record.recording import Recording
from proxy.record.refusing import ending, note_refusal
from proxy.refusals import refusal_for, refusal_headers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.wire.base import Refusal, WireFormat
    from proxy.front import Headers

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Visit:
    """Mutable: it gathers what becomes known, so that a refusal can say it."""

    exchange: Exchange
    shows_pages: bool = False
    """Whether people can open the page of a session."""
    identity: Identity | None = None
    connection: Connection | None = None
    inquiry: Inquiry | None = None
    recording: Recording | None = None
    giving: Giving | None = None
    """Takes note of the ids that the answer gives to the caller."""
    kept_alive: bool = False
    """Whether the stream was begun before there was an answer, so that the client waits on."""
    opening: bytes = b""
    """What the stream was begun with, where that says what it is waiting for."""
    told_progress: int = 0
    """How often a client of MCP was told that it waits."""
    asked_seconds: float = 0.0
    """For how long it was looked for an approval."""
    continuation: Continuation | None = None
    """Makes of the upstream's answer what follows on that line."""

    @property
    def user_agent(self) -> str:
        return header(self.exchange.headers, "user-agent")

    @property
    def client(self) -> Client:
        return client_of(self.user_agent)

    @property
    def wire(self) -> WireFormat:
        if self.inquiry is not None:
            return self.inquiry.wire
        kind = self.connection.wire if self.connection else ""
        return wire_for(kind if kind in WIRES else "auto", self.exchange.target, None)

    def summary(self) -> tuple[str, str]:
        """Return connection and decision, for the figures."""
        if self.inquiry is None or self.recording is None:
            return "", "refused"
        return self.inquiry.connection.name, self.recording.session.decision.value

    @property
    def reason(self) -> str:
        """What the caller says that the request is for."""
        return stated_reason(self.exchange.headers)

    @property
    def program(self) -> str:
        """What the caller's program calls itself."""
        return client_named(self.exchange.headers)

    @contextmanager
    def asking(self, clock: Clock) -> Iterator[None]:
        """Measure for how long an approval is looked for."""
        began = clock.now()
        try:
            yield
        finally:
            self.asked_seconds = (clock.now() - began).total_seconds()

    def defers(self, inquiry: Inquiry) -> bool:
        """Whether the caller does not wait, and polls or comes back."""
        return self._mode(inquiry) is WaitMode.ASYNC or self._linkable(inquiry) is not None

    def _linkable(self, inquiry: Inquiry) -> str | int | None:
        """Return the id of a call of MCP that is answered by a link, where no progress is told."""
        is_told = inquiry.mcp.progress_token is not None
        is_silent = inquiry.connection.waiting is Waiting.SILENT
        has_page = self.shows_pages and self.exchange.base_url
        return inquiry.mcp.linkable if has_page and not (is_told or is_silent) else None

    def waits(
        self, inquiry: Inquiry, hold: Hold, pulse_seconds: float
    ) -> tuple[float | None, Periodic | None]:
        """Return for how many seconds the caller waits, and what keeps it waiting."""
        mode = self._mode(inquiry)
        headers = self.exchange.headers
        kept = Periodic(pulse_of(headers, pulse_seconds), partial(self.keep_alive, hold))
        patience = patience_of(headers, inquiry.connection, mode)
        return patience, kept if mode is WaitMode.KEEP_ALIVE else None

    def _mode(self, inquiry: Inquiry) -> WaitMode:
        return waiting_mode(self.exchange.headers, inquiry.facts, inquiry.connection)

    async def keep_alive(self, hold: Hold) -> None:
        """Send what the client skips but counts; the first time commits the stream to a 200."""
        if not self.kept_alive:
            self.kept_alive = True
            stream = (("content-type", "text/event-stream"), ("cache-control", "no-store"))
            await self.exchange.start(200, (*stream, *self.named(Decision.PENDING)))
            if self._begin_with_line(hold):
                return await self.exchange.send(self.opening)
        return await self.exchange.send(self._progress(hold) or self.client.alive(self.wire))

    def _progress(self, hold: Hold) -> bytes:
        """Return what tells a client of MCP that it waits; empty where it takes no such news."""
        token = self.inquiry.mcp.progress_token if self.inquiry else None
        if token is None:
            return b""
        self.told_progress += 1
        event = progress(token, self.told_progress, _waiting_for(hold))
        self.opening += event
        return event

    def _begin_with_line(self, hold: Hold) -> bool:
        """Have the stream begin with what the request is waiting for, where a person reads it.

        Only in the work of an agent, which has tools: other requests, such as for a title, are
        read by a program.
        """
        if not self.inquiry or self.inquiry.connection.waiting is not Waiting.VISIBLE:
            return False
        shown = self.client.line_for(self.wire, self.user_agent)
        if shown is None or not self.inquiry.has_tools:
            return False
        line = _waiting_for(hold)
        self.opening = shown.opening(line, self.inquiry.facts.prompt.model)
        self.continuation = shown.continuation(line)
        return True

    async def defer(self, hold: Hold) -> None:
        """Answer a caller who prefers not to wait: where to look, and to come back."""
        linkable = self._linkable(self.inquiry) if self.inquiry else None
        if linkable is not None:
            await self._ask_to_open(linkable, hold)
        else:
            await self._have_polled(hold)

    async def _ask_to_open(self, linkable: str | int, hold: Hold) -> None:
        url = f"{self.exchange.base_url}/-/replay/{hold.session_id}"
        headers = (("content-type", "application/json"), *self.named(Decision.PENDING))
        asked = link(linkable, url, _waiting_for(hold))
        await self.exchange.reply(200, headers, asked)

    async def _have_polled(self, hold: Hold) -> None:
        body = {
            "session": hold.session_id,
            "decision": Decision.PENDING.value,
            "expires_at": hold.deadline.isoformat(),
            "message": "This request is waiting for approval. Poll the Location; once its hold is "
            "approved, send the same request again.",
        }
        headers = (
            ("content-type", "application/json"),
            ("location", f"/-/sessions/{hold.session_id}"),
            ("preference-applied", "respond-async"),
            ("retry-after", POLL_SECONDS),
            *self.named(Decision.PENDING),
        )
        await self.exchange.reply(202, headers, msgspec.json.encode(body))

    def named(self, decision: Decision) -> Headers:
        """Return the headers that tell the caller which session this is and how it went."""
        session = self.recording.session if self.recording else None
        fired = session.verdict.decisive if session else None
        ours = (
            ("abeyance-session", session.id if session else ""),
            ("abeyance-decision", decision.value),
            ("abeyance-rule", fired.rule if fired else ""),
            ("abeyance-uninspected", str(self._uninspected or "")),
        )
        return tuple((name, value) for name, value in ours if value)

    @property
    def _uninspected(self) -> int:
        """How many parts of the request no rule can read."""
        return len(self.inquiry.facts.prompt.uninspected) if self.inquiry else 0

    def refusal(self, error: AbeyanceError) -> Refusal:
        """Return what the client is told; `wire` spells it."""
        session_id = self.recording.session.id if self.recording else ""
        calls = self.inquiry.calls if self.inquiry else ()
        return self.client.told(refusal_for(error, session_id, calls))

    async def refuse(self, error: AbeyanceError) -> None:
        """Record the refusal, then tell the client in the shape of the API it called."""
        refusal = self.refusal(error)
        if not isinstance(error, MethodNotAllowed):  # clients probe with HEAD, by the minute
            _log.info(
                "refused",
                session=refusal.session_id,
                error=type(error).__name__,
                reason=str(error),
            )
        # A refusal that cannot be recorded is a refusal still: nothing was forwarded.
        with suppress(Unavailable):
            if self.recording is not None:
                await note_refusal(self.recording, error)
        if self.kept_alive and not self.exchange.ended:
            answering = self.recording is not None and self.recording.answering
            begun = answering or bool(self.opening)
            await self.exchange.send(self.client.end_of_stream(self.wire, refusal, begun=begun))
            await self.exchange.end()
        elif not self.exchange.started:
            await self._reply(error, refusal)
        # Else the server closes the connection: an end without its mark is an error.

    async def _reply(self, error: AbeyanceError, refusal: Refusal) -> None:
        rule = error.rule if isinstance(error, Refused) else ""
        decision = ending(error) or (Decision.PENDING if rule else None)
        headers = refusal_headers(
            refusal, decision.value if decision else "", rule, self.exchange.base_url
        )
        await self.exchange.reply(refusal.status, headers, self.wire.refusal(refusal))


def _waiting_for(hold: Hold) -> str:
    return waiting_line(", ".join(asked(hold, hold.created_at)), short(hold.id))
