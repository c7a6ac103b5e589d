"""The session as it happens: written before it is acted on, or not acted on."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.session import (
    Chunk,
    Decision,
    RecordedAnswer,
    Session,
    SessionState,
)
from app.errors import NotFound
from app.ids import new_id
from app.storage.ports import Event, EventKind

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.identity import Identity
    from app.domain.verdict import Verdict
    from app.storage.ports import Ledger, SessionStore
    from proxy.facts import Inquiry
    from proxy.front import Headers

_BATCH_BYTES = 64 * 1024
_BATCH_MS = 1000


class Recording:
    """One session being written. Every method raises StorageUnavailable when it cannot."""

    def __init__(
        self, session: Session, sessions: SessionStore, ledger: Ledger, clock: Clock
    ) -> None:
        self.session = session
        self._sessions = sessions
        self._ledger = ledger
        self._clock = clock
        self._waiting: list[Chunk] = []
        self._waiting_bytes = 0
        self._seq = 0
        self._answer: RecordedAnswer | None = None
        self._digest = hashlib.sha256()

    async def decide(self, decision: Decision) -> None:
        self.session = replace(self.session, decision=decision)
        await self._sessions.decide(self.session.id, decision)

    async def forwarding(self) -> None:
        """Write that the request goes out, before it does."""
        await self.note(EventKind.REQUEST_FORWARDED, digest=self.session.request.digest)

    async def refuse(self, decision: Decision, reason: str) -> None:
        """Write a refusal, and end the session."""
        await self.note(EventKind.REQUEST_REFUSED, decision=decision.value, reason=reason)
        await self.decide(decision)
        await self.close()

    async def close(self) -> None:
        await self._sessions.close(self.session.id, SessionState.CLOSED)

    async def start_answer(self, status: int, headers: Headers) -> None:
        self._answer = RecordedAnswer(status, headers, self._clock.now())
        await self._sessions.answer(self.session.id, self._answer)

    async def sent(self, data: bytes) -> None:
        """Record what goes to the client, before it goes; written in batches."""
        offset = self._clock.now() - self.session.started_at
        self._waiting.append(Chunk(self._seq, int(offset.total_seconds() * 1000), data))
        self._seq += 1
        self._digest.update(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _BATCH_BYTES or self._age_ms() >= _BATCH_MS:
            await self._flush()

    async def end_answer(self, *, body_bytes: int, masked: int, error: str = "") -> None:
        """Write the end of the answer and close the session."""
        if self._answer is None:
            raise RuntimeError("an answer ends that never began")
        await self._flush()
        ended = replace(
            self._answer,
            ended_at=self._clock.now(),
            body_bytes=body_bytes,
            masked=masked,
            error=error,
        )
        await self._sessions.answer(self.session.id, ended)
        if masked and self.session.decision is Decision.ALLOWED:
            await self.decide(Decision.MASKED)
        await self.note(
            EventKind.ANSWER_ENDED,
            status=ended.status,
            bytes=body_bytes,
            masked=masked,
            error=error,
            body_sha256=self._digest.hexdigest(),
        )
        await self.close()

    async def note(self, kind: EventKind, **data: str | int) -> None:
        await self._ledger.append(Event(kind, self._clock.now(), self.session.id, data))

    def _age_ms(self) -> int:
        return self._waiting[-1].offset_ms - self._waiting[0].offset_ms

    async def _flush(self) -> None:
        if self._waiting:
            await self._sessions.append(self.session.id, self._waiting)
            self._waiting, self._waiting_bytes = [], 0


class Recorder:
    """Opens recordings."""

    def __init__(self, sessions: SessionStore, ledger: Ledger, clock: Clock) -> None:
        self._sessions = sessions
        self._ledger = ledger
        self._clock = clock

    async def open(
        self,
        identity: Identity,
        inquiry: Inquiry,
        verdict: Verdict,
        *,
        hold_id: str = "",
        grants: tuple[str, ...] = (),
    ) -> Recording:
        """Write the intent of a request. Raises StorageUnavailable; then nothing may go out."""
        now = self._clock.now()
        session = Session(
            id=new_id(now),
            connection=inquiry.connection.name,
            wire=inquiry.connection.wire,
            model=inquiry.facts.prompt.model,
            identity=identity,
            request=inquiry.request,
            verdict=verdict,
            decision=Decision.PENDING,
            started_at=now,
            hold_id=hold_id,
            grants=grants,
        )
        recording = self._of(session)
        await recording.note(
            EventKind.SESSION_OPENED,
            identity=identity.key,
            connection=session.connection,
            digest=session.request.digest,
            action=verdict.action.value,
            catalog=verdict.catalog_revision,
        )
        await self._sessions.open(session)
        return recording

    async def resume(self, session_id: str) -> Recording:
        """Take up the session of a hold that a retry re-attaches to. Raises NotFound."""
        session = await self._sessions.get(session_id)
        if session is None:
            raise NotFound(f"the session {session_id} of this hold is not stored")
        return self._of(session)

    def _of(self, session: Session) -> Recording:
        return Recording(session, self._sessions, self._ledger, self._clock)
