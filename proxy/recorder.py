"""The session as it happens: written before it is acted on, or not acted on."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from app.domain.session import (
    Chunk,
    Decision,
    RecordedAnswer,
    Session,
    SessionState,
    Side,
)
from app.errors import NotFound, StorageUnavailable
from app.ids import new_id
from app.pages import LARGE_BYTES
from app.storage.ports import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.domain.verdict import Verdict
    from app.storage.ports import Ledger, SessionStore
    from proxy.facts import Inquiry
    from proxy.front import Headers
    from proxy.pager import Bodies

_BATCH_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024
_FLUSH_SECONDS = 0.5
_log = structlog.get_logger(__name__)


class Recording:
    """One session being written. Every method raises StorageUnavailable when it cannot."""

    def __init__(
        self,
        session: Session,
        sessions: SessionStore,
        ledger: Ledger,
        clock: Clock,
        tended: set[Recording],
    ) -> None:
        """`tended` are those that somebody flushes now and then: it joins them when it must."""
        self.session = session
        self.forwarded = False
        self.answering = False
        """Whether the head of an answer is written."""
        self.over = False
        self.abandoned = False
        """Whether nobody works on it any more, though it was forwarded and has no end."""
        self._sessions = sessions
        self._ledger = ledger
        self._clock = clock
        self._tended = tended
        self._told: asyncio.Future[list[BaseException | None]] = _nothing_to_tell()
        self._waiting: list[Chunk] = []
        self._waiting_bytes = 0
        self._batches: list[list[Chunk]] = []
        """What was not written yet, grouped as it was tried: so that a try may be repeated."""
        self._kept_bytes = 0
        self._seq = 0
        self._answer: RecordedAnswer | None = None
        self._digest = hashlib.sha256()

    async def decide(self, decision: Decision) -> None:
        self.session = replace(self.session, decision=decision)
        await self._sessions.decide(self.session.id, decision)

    async def about_to_forward(self, hold: Hold, claim: Coroutine[None, None, None]) -> None:
        """Claim the approval of a hold, and write at the same time that its request goes out.

        Both have ended when this returns, or raises what became of one of them.
        """
        digest = self.session.request.digest
        done = await asyncio.gather(
            claim,
            self.note(EventKind.REQUEST_FORWARDING, hold=hold.id, digest=digest),
            return_exceptions=True,
        )
        _raise_first(done)

    async def forwarding(self, decision: Decision, claimed: Hold | None = None) -> None:
        """Write that the request goes out and why; `claimed` is its hold, if it was held.

        What nobody held is written down when this returns. Of what was held it is known already
        that it goes out: that it did is written while it does.
        """
        notes = [
            self.note(EventKind.REQUEST_FORWARDED, digest=self.session.request.digest),
            self.decide(decision),
        ]
        if claimed is None:
            await asyncio.gather(*notes)
        else:
            state = claimed.state.value
            notes.insert(0, self.note(EventKind.HOLD_MOVED, hold=claimed.id, state=state))
            self._told = asyncio.gather(*notes, return_exceptions=True)
        self.forwarded = True
        self._tended.add(self)

    async def refuse(self, decision: Decision, reason: str) -> None:
        """Write a refusal, and end the session."""
        await self.note(EventKind.REQUEST_REFUSED, decision=decision.value, reason=reason)
        await self.decide(decision)
        await self.close(SessionState.CLOSED)

    async def close(self, state: SessionState) -> None:
        await self._sessions.close(self.session.id, state)
        self.over = True

    async def start_answer(self, status: int, headers: Headers) -> None:
        # Shielded: a client that leaves now takes nothing out of the record.
        _raise_first(await asyncio.shield(self._told))
        self._answer = RecordedAnswer(status, headers, self._clock.now())
        await self._sessions.answer(self.session.id, self._answer)
        self.answering = True

    async def sent(self, data: bytes) -> None:
        """Record what goes to the client, before it goes; written in batches."""
        self._digest.update(data)
        await self._keep(data, withheld=False)

    async def withheld(self, data: bytes) -> None:
        """Record what would have gone to the client, had no rule forbidden it."""
        await self._keep(data, withheld=True)

    async def _keep(self, data: bytes, *, withheld: bool) -> None:
        offset = self._clock.now() - self.session.started_at
        offset_ms = int(offset.total_seconds() * 1000)
        for start in range(0, len(data), _CHUNK_BYTES):
            piece = data[start : start + _CHUNK_BYTES]
            self._waiting.append(Chunk(self._seq, offset_ms, piece, withheld))
            self._seq += 1
        self._waiting_bytes += len(data)
        self._kept_bytes += len(data)
        if self._waiting_bytes >= _BATCH_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits. What could not be written waits on."""
        batches, self._batches = self._batches, []
        if self._waiting:
            batches.append(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        while batches:
            try:
                await self._sessions.append(self.session.id, batches[0])
            except StorageUnavailable:
                self._batches = batches + self._batches
                # So that the next piece finds out for itself, and is not sent.
                self._waiting_bytes = _BATCH_BYTES
                raise
            batches.pop(0)

    async def end_answer(
        self, *, body_bytes: int, masked: int, rules: tuple[str, ...], error: str = ""
    ) -> None:
        """Write the end of the answer and close the session."""
        if self._answer is None:
            raise RuntimeError("an answer ends that never began")
        await self.flush()
        ended = replace(
            self._answer,
            ended_at=self._clock.now(),
            body_bytes=body_bytes,
            masked=masked,
            rules=rules,
            error=error,
        )
        large = self._kept_bytes > LARGE_BYTES
        await self._sessions.answer(self.session.id, ended, unpaged=large)
        if masked and self.session.decision is Decision.ALLOWED:
            await self.decide(Decision.MASKED)
        await self.note(
            EventKind.ANSWER_ENDED,
            status=ended.status,
            bytes=body_bytes,
            masked=masked,
            rules=" ".join(rules),
            error=error,
            body_sha256=self._digest.hexdigest(),
        )
        await self.close(SessionState.CLOSED)

    async def note(self, kind: EventKind, **data: str | int) -> None:
        await self._ledger.append(Event(kind, self._clock.now(), self.session.id, data))


def _nothing_to_tell() -> asyncio.Future[list[BaseException | None]]:
    told: asyncio.Future[list[BaseException | None]] = asyncio.get_running_loop().create_future()
    told.set_result([])
    return told


def _raise_first(outcomes: Sequence[BaseException | None]) -> None:
    if fault := next((fault for fault in outcomes if fault is not None), None):
        raise fault


class Recorder:
    """Opens recordings. `run` must be a task of the process: it writes what only waits."""

    def __init__(
        self,
        sessions: SessionStore,
        bodies: Bodies,
        ledger: Ledger,
        clock: Clock,
        gateway: str,
    ) -> None:
        """`gateway` names this process: who finds a session open can tell whether it lives."""
        self._sessions = sessions
        self._bodies = bodies
        self._ledger = ledger
        self._clock = clock
        self._gateway = gateway
        self._forwarded: set[Recording] = set()

    async def open(
        self,
        identity: Identity,
        inquiry: Inquiry,
        verdict: Verdict,
        *,
        held: bool = False,
        grants: tuple[str, ...] = (),
    ) -> Recording:
        """Write the intent of a request. Raises StorageUnavailable; then nothing may go out."""
        now = self._clock.now()
        session_id = new_id(now)
        body = inquiry.request.body
        session = Session(
            id=session_id,
            connection=inquiry.connection.name,
            wire=inquiry.connection.wire,
            model=inquiry.facts.prompt.model,
            identity=identity,
            request=inquiry.request.head(),
            verdict=verdict,
            decision=Decision.PENDING,
            started_at=now,
            gateway=self._gateway,
            # One name for both: what a card calls the hold is what finds the session.
            hold_id=session_id if held else "",
            grants=grants,
            unpaged=(Side.REQUEST,) if len(body) > LARGE_BYTES else (),
        )
        recording = self._of(session)
        pieces, _ = await asyncio.gather(
            self._bodies.keep(body),
            recording.note(
                EventKind.SESSION_OPENED,
                identity=identity.key,
                connection=session.connection,
                digest=session.request.digest,
                action=verdict.action.value,
                catalog=verdict.catalog_revision,
            ),
        )
        recording.session = replace(session, request=inquiry.request.head(pieces))
        await self._sessions.open(recording.session)
        return recording

    async def resume(self, session_id: str) -> Recording:
        """Take up the session of a hold that a retry re-attaches to. Raises NotFound."""
        session = await self._sessions.get(session_id)
        if session is None:
            raise NotFound(f"The session {session_id} of this hold is not stored.")
        if session.gateway != self._gateway:
            await self._sessions.adopt(session_id, self._gateway)
        return self._of(session)

    def done(self, recording: Recording) -> None:
        """Let go of a recording; `run` ends what was forwarded and has no end yet."""
        if recording.forwarded and not recording.over:
            recording.abandoned = True
        else:
            self._forwarded.discard(recording)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            for recording in tuple(self._forwarded):
                try:
                    await self._tend(recording)
                except StorageUnavailable as unavailable:
                    _log.warning("answer not recorded yet", reason=str(unavailable))

    async def _tend(self, recording: Recording) -> None:
        await recording.flush()
        if recording.abandoned and not recording.over:
            # What the upstream did with it is not known, and it is never sent again.
            await recording.decide(recording.session.decision)
            await recording.close(SessionState.INDETERMINATE)
        if recording.over:
            self._forwarded.discard(recording)

    def _of(self, session: Session) -> Recording:
        return Recording(session, self._sessions, self._ledger, self._clock, self._forwarded)
