"""One session as it happens: written before it is acted on, or not acted on.

What belongs together is written in one commit: the intent with the decision to forward, before
anything goes out; the answer with its end, after its last byte has gone. How a session ends is
decided once, and *owed* from then on: what cannot be written now is written by the recorder when
the storage is back, so that no session stays open for ever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.domain.record.session import (
    Decision,
    RecordedAnswer,
    RecordedCall,
    Session,
    SessionChange,
    SessionState,
    Side,
)
from app.domain.record.session_facts import Spent
from app.errors import StorageUnavailable
from app.pages import LARGE_BYTES
from app.storage.bulk import Write
from app.storage.content.originals import keeping
from proxy.record.chunks import Chunks
from proxy.record.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.domain.record.original import Original
    from app.sealing.data_key import DataKey
    from app.storage.ports import Journal
    from app.storage.record.session_store import SessionStore
    from proxy.front import Headers

_MOST_UNSENT = 1000
"""How many that may have been recorded, and were not sent, are remembered to be ended."""
_NOTHING_SPENT = Spent()
_UNRECORDED = "nothing was sent to the model, since this could not be recorded"


@dataclass(frozen=True, slots=True)
class Intent:
    """What is written of a request before anything comes of it."""

    event: Event
    beside: tuple[Write, ...]
    """The pieces of its body, and the originals that are kept of it."""
    written: Callable[[], None]
    """Called once all of it is."""


@dataclass(frozen=True, slots=True)
class _Owed:
    event: Event
    change: SessionChange
    writes: tuple[Write, ...] = ()


class Recording:
    """One session being written. Every method raises StorageUnavailable when it cannot."""

    def __init__(
        self,
        session: Session,
        sessions: SessionStore,
        ledger: Journal,
        clock: Clock,
        tended: dict[Recording, None],
        key: DataKey,
        intent: Intent | None = None,
    ) -> None:
        """`tended` are those that somebody writes now and then: it joins them when it must.

        The `key` seals the answer. An `intent` is not written yet; it is with the first of what is
        written.
        """
        self.session = session
        self.claiming = False
        """Whether the approval may be used up."""
        self.forwarded = False
        self.answering = False
        """Whether the answer has begun."""
        self.ended = False
        """Whether it is decided how it ends; it may be owed still."""
        self.said: tuple[str, ...] = ()
        """What requests that follow its answer call what was said, see `History`."""
        self.stopwatch = Stopwatch(clock, session.started_at)
        self.chunks = Chunks(session, sessions, ledger, clock, key)
        self._key = key
        self._intent = intent
        self._events: list[Event] = []
        """Events that are written with the next ones."""
        self._sessions = sessions
        self._ledger = ledger
        self._clock = clock
        self._tended = tended
        self._told: asyncio.Future[list[BaseException | None]] = _nothing_to_tell()
        self._answer: RecordedAnswer | None = None
        self._originals: tuple[Original, ...] = ()
        self._owed: deque[_Owed] = deque()
        self._settling = asyncio.Lock()

    @property
    def over(self) -> bool:
        """Whether its end is written."""
        return self.ended and not self._owed

    @property
    def unwritten(self) -> bool:
        """Whether there is anything to be written now."""
        return bool(self._owed) or self.chunks.unwritten

    async def open(self) -> None:
        """Write the intent and what was noted for later, if they are not written yet."""
        if self._intent is not None or self._events:
            await self._commit(())

    def answered_by(self, grants: Sequence[str]) -> None:
        """Note which grants let it pass, or a part of it."""
        known = dict.fromkeys((*self.session.grants, *grants))
        self.session = replace(self.session, grants=tuple(known))

    async def about_to_forward(
        self,
        hold: Hold,
        claim: Coroutine[None, None, None],
        kind: EventKind = EventKind.REQUEST_FORWARDING,
        **why: str,
    ) -> None:
        """Claim the approval of a hold, and write at the same time that its request goes out.

        `why` tells that the hold is about this request.
        Both have ended when this returns, or raises what became of one of them.
        """
        digest = hold.digest if hold.is_of_answer else self.session.request.digest
        self.claiming = True
        done = await asyncio.gather(
            claim,
            self.note(kind, hold=hold.id, digest=digest, **why),
            return_exceptions=True,
        )
        self.claiming = done[0] is None
        _raise_first(done)

    async def forwarding(
        self,
        decision: Decision,
        claimed: Hold | None = None,
        kind: EventKind = EventKind.REQUEST_FORWARDED,
    ) -> None:
        """Write that the request goes out and why; `claimed` is its hold, if it was held.

        What nobody held is written down when this returns. Of what was held it is known already
        that it goes out: that it did is written while it does.
        """
        digest = self.session.request.digest
        events = [self._event(kind, digest=digest, decision=decision.value)]
        self.session = replace(self.session, decision=decision)
        change = SessionChange(decision, self.session.grants)
        if claimed is None:
            await self._commit(events, change)
        else:
            state = claimed.state.value
            moved = self._event(EventKind.HOLD_MOVED, hold=claimed.id, state=state)
            written = [self._commit([moved, *events], change)]
            self._told = asyncio.gather(*written, return_exceptions=True)
        self.forwarded = True
        self._tended[self] = None

    async def refuse(self, decision: Decision, reason: str) -> None:
        """Write a refusal, and end the session: nothing was sent, or nothing was passed on."""
        event = self._event(EventKind.REQUEST_REFUSED, decision=decision.value, reason=reason)
        reason = "" if self.answering else reason
        self._end(event, SessionChange(decision, state=SessionState.CLOSED, reason=reason))
        await self.settle()

    async def lose(self, reason: str) -> None:
        """End a session that was sent and of which no answer was seen."""
        self.give_up(SessionState.INDETERMINATE, self.session.decision, reason)
        await self.settle()

    def give_up(self, state: SessionState, decision: Decision, reason: str) -> None:
        """Have the session end without an answer, when that can be written."""
        event = self._event(
            EventKind.SESSION_ENDED, state=state.value, decision=decision.value, reason=reason
        )
        self._end(event, SessionChange(decision, state=state, reason=reason))

    async def start_answer(self, status: int, headers: Headers) -> None:
        """Take up the head of an answer; it is written with the first of its body."""
        # Shielded: a client that leaves now takes nothing out of the record.
        _raise_first(await asyncio.shield(self._told))
        self._answer = RecordedAnswer(status, headers, self._clock.now())
        self.chunks.head = self._changing(SessionChange(answer=self._answer))
        self.answering = True

    def keep(self, originals: Sequence[Original]) -> None:
        """Have the originals of the answer written with its end."""
        self._originals = tuple(originals)

    async def end_answer(
        self,
        *,
        body_bytes: int,
        masked: int,
        rules: tuple[str, ...],
        calls: tuple[RecordedCall, ...] = (),
        error: str = "",
        state: SessionState = SessionState.CLOSED,
        spent: Spent = _NOTHING_SPENT,
    ) -> None:
        """Write the end of the answer and close the session; `error` says why it ended early."""
        if self._answer is None:
            raise RuntimeError("an answer ends that never began")
        ended = replace(
            self._answer,
            ended_at=self._clock.now(),
            body_bytes=body_bytes,
            body_sha256=self.chunks.sha256,
            masked=masked,
            rules=rules,
            calls=calls,
            error=error,
            tokens=spent.tokens,
            timing=self.stopwatch.timing,
            cost=spent.cost,
        )
        event = self._event(
            EventKind.ANSWER_ENDED,
            status=ended.status,
            bytes=body_bytes,
            masked=masked,
            rules=" ".join(rules),
            error=error,
            body_sha256=ended.body_sha256,
            **({"originals": len(self._originals)} if self._originals else {}),
        )
        decision = self.session.decision
        if masked and decision is Decision.ALLOWED:
            decision = Decision.MASKED
        self.chunks.head = None
        large = (Side.ANSWER,) if self.chunks.bytes_kept > LARGE_BYTES else ()
        reason = error if state is SessionState.INDETERMINATE else ""
        kept = keeping(self.session.id, Side.ANSWER, self._originals, self._key)
        self._end(event, SessionChange(decision, (), ended, state, reason, large), kept)
        await self.settle()

    async def settle(self) -> None:
        """Write what is owed, in its order; what cannot be written is owed on."""
        async with self._settling:
            while self._owed:
                owed = self._owed[0]
                async with self.chunks.pending() as writes:
                    await self._commit([owed.event], owed.change, [*writes, *owed.writes])
                self._owed.popleft()

    def _end(self, event: Event, change: SessionChange, writes: Sequence[Write] = ()) -> None:
        self.ended = True
        self.session = replace(self.session, decision=change.decision or self.session.decision)
        change = replace(change, called=self.session.called, said=self.said)
        self._owed.append(_Owed(event, change, tuple(writes)))
        self._tended[self] = None

    async def note(self, kind: EventKind, **data: str | int) -> None:
        await self._commit([self._event(kind, **data)])

    def note_later(self, kind: EventKind, **data: str | int) -> None:
        """Note what is written with the next event."""
        self._events.append(self._event(kind, **data))

    async def _commit(
        self,
        events: Sequence[Event],
        change: SessionChange | None = None,
        writes: Sequence[Write] = (),
    ) -> None:
        before, self._events = self._events, []
        try:
            await self._written([*before, *events], change, writes)
        except StorageUnavailable:
            self._events = [*before, *self._events]
            raise

    async def _written(
        self, events: Sequence[Event], change: SessionChange | None, writes: Sequence[Write]
    ) -> None:
        intent, self._intent = self._intent, None
        if intent is None:
            changed = [self._changing(change)] if change else []
            await self._ledger.commit(events, [*writes, *changed])
            return
        session = _changed(self.session, change) if change else self.session
        opening = self._sessions.opening(session)
        try:
            await self._ledger.commit([intent.event, *events], [*intent.beside, opening, *writes])
        except StorageUnavailable:
            if not self.ended and len(self._tended) < _MOST_UNSENT:
                # It may have been written all the same.
                self.give_up(SessionState.CLOSED, Decision.WITHDRAWN, _UNRECORDED)
            self.ended = True
            raise
        intent.written()

    def _changing(self, change: SessionChange) -> Write:
        return self._sessions.changing(self.session, change)

    def _event(self, kind: EventKind, **data: str | int) -> Event:
        return Event(kind, self._clock.now(), self.session.id, data)


def _changed(session: Session, change: SessionChange) -> Session:
    """Return a session that is opened with a change."""
    return replace(
        session,
        decision=change.decision or session.decision,
        grants=change.grants or session.grants,
        answer=change.answer,
        state=change.state or session.state,
        reason=change.reason,
        unpaged=(*session.unpaged, *change.unpaged),
    )


def _nothing_to_tell() -> asyncio.Future[list[BaseException | None]]:
    told: asyncio.Future[list[BaseException | None]] = asyncio.get_running_loop().create_future()
    told.set_result([])
    return told


def _raise_first(outcomes: Sequence[BaseException | None]) -> None:
    if fault := next((fault for fault in outcomes if fault is not None), None):
        raise fault
