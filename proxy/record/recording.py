"""One session as it happens: written before it is acted on, or not acted on.

How it ends is decided once, and *owed* from then on: what cannot be written now is written by the
recorder when the storage is back, so that no session stays open for ever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from app.domain.event import Event, EventKind
from app.domain.session import Decision, RecordedAnswer, RecordedCall, Session, SessionState
from app.errors import Unstorable
from app.pages import LARGE_BYTES
from proxy.record.chunks import Chunks
from proxy.record.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.domain.session_facts import Tokens
    from app.storage.ports import Ledger, SessionStore
    from proxy.front import Headers

_log = structlog.get_logger(__name__)


class Recording:
    """One session being written. Every method raises StorageUnavailable when it cannot."""

    def __init__(
        self,
        session: Session,
        sessions: SessionStore,
        ledger: Ledger,
        clock: Clock,
        tended: dict[Recording, None],
    ) -> None:
        """`tended` are those that somebody writes now and then: it joins them when it must."""
        self.session = session
        self.claiming = False
        """Whether the approval may be used up."""
        self.forwarded = False
        self.answering = False
        """Whether the head of an answer is written."""
        self.ended = False
        """Whether it is decided how it ends; it may be owed still."""
        self.stopwatch = Stopwatch(clock, session.started_at)
        self.chunks = Chunks(session, sessions, clock)
        self._sessions = sessions
        self._ledger = ledger
        self._clock = clock
        self._tended = tended
        self._told: asyncio.Future[list[BaseException | None]] = _nothing_to_tell()
        self._answer: RecordedAnswer | None = None
        self._owed: deque[Callable[[], Awaitable[None]]] = deque()
        self._settling = asyncio.Lock()

    @property
    def over(self) -> bool:
        """Whether its end is written."""
        return self.ended and not self._owed

    async def decide(self, decision: Decision) -> None:
        self.session = replace(self.session, decision=decision)
        await self._sessions.decide(self.session.id, decision, self.session.grants)

    def answered_by(self, grants: Sequence[str]) -> None:
        """Note which grants let it pass, or a part of it."""
        known = dict.fromkeys((*self.session.grants, *grants))
        self.session = replace(self.session, grants=tuple(known))

    async def about_to_forward(
        self,
        hold: Hold,
        claim: Coroutine[None, None, None],
        kind: EventKind = EventKind.REQUEST_FORWARDING,
    ) -> None:
        """Claim the approval of a hold, and write at the same time that its request goes out.

        Both have ended when this returns, or raises what became of one of them.
        """
        digest = hold.digest if hold.tool else self.session.request.digest
        self.claiming = True
        done = await asyncio.gather(
            claim,
            self.note(kind, hold=hold.id, digest=digest),
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
        notes = [
            self.note(kind, digest=self.session.request.digest, decision=decision.value),
            self.decide(decision),
        ]
        if claimed is None:
            await asyncio.gather(*notes)
        else:
            state = claimed.state.value
            notes.insert(0, self.note(EventKind.HOLD_MOVED, hold=claimed.id, state=state))
            self._told = asyncio.gather(*notes, return_exceptions=True)
        self.forwarded = True
        self._tended[self] = None

    async def refuse(self, decision: Decision, reason: str) -> None:
        """Write a refusal, and end the session: nothing was sent, or nothing was passed on."""
        event = self._event(EventKind.REQUEST_REFUSED, decision=decision.value, reason=reason)
        self._end(event, decision, SessionState.CLOSED, "" if self.answering else reason)
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
        self._end(event, decision, state, reason)

    async def start_answer(self, status: int, headers: Headers) -> None:
        # Shielded: a client that leaves now takes nothing out of the record.
        _raise_first(await asyncio.shield(self._told))
        self._answer = RecordedAnswer(status, headers, self._clock.now())
        await self._sessions.answer(self.session.id, self._answer)
        self.answering = True

    async def end_answer(
        self,
        *,
        body_bytes: int,
        masked: int,
        rules: tuple[str, ...],
        calls: tuple[RecordedCall, ...] = (),
        error: str = "",
        state: SessionState = SessionState.CLOSED,
        tokens: Tokens | None = None,
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
            tokens=tokens,
            timing=self.stopwatch.timing,
        )
        event = self._event(
            EventKind.ANSWER_ENDED,
            status=ended.status,
            bytes=body_bytes,
            masked=masked,
            rules=" ".join(rules),
            error=error,
            body_sha256=ended.body_sha256,
        )
        decision = self.session.decision
        if masked and decision is Decision.ALLOWED:
            decision = Decision.MASKED
        self._owed.append(self.chunks.flush)
        large = self.chunks.bytes_kept > LARGE_BYTES
        self._owed.append(partial(self._sessions.answer, self.session.id, ended, unpaged=large))
        self._end(event, decision, state, error if state is SessionState.INDETERMINATE else "")
        await self.settle()

    async def settle(self) -> None:
        """Write what is owed, in its order; what cannot be written is owed on."""
        async with self._settling:
            while self._owed:
                try:
                    await self._owed[0]()
                except Unstorable as fault:
                    # However often it is tried: the rest must not wait for it.
                    reason = str(fault)
                    _log.error("not recorded", session=self.session.id, reason=reason)
                self._owed.popleft()

    def _end(self, event: Event, decision: Decision, state: SessionState, reason: str) -> None:
        self.ended = True
        self._owed.append(partial(self._ledger.append, event))
        if decision is not self.session.decision or state is SessionState.INDETERMINATE:
            # What is sent is decided while it is: where its end is not known, that may not be.
            self._owed.append(partial(self.decide, decision))
        self._owed.append(partial(self._sessions.close, self.session.id, state, reason))
        self._tended[self] = None

    async def note(self, kind: EventKind, **data: str | int) -> None:
        await self._ledger.append(self._event(kind, **data))

    def _event(self, kind: EventKind, **data: str | int) -> Event:
        return Event(kind, self._clock.now(), self.session.id, data)


def _nothing_to_tell() -> asyncio.Future[list[BaseException | None]]:
    told: asyncio.Future[list[BaseException | None]] = asyncio.get_running_loop().create_future()
    told.set_result([])
    return told


def _raise_first(outcomes: Sequence[BaseException | None]) -> None:
    if fault := next((fault for fault in outcomes if fault is not None), None):
        raise fault
