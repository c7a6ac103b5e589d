"""Opens the record of a session, and writes what one of them still owes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from app.domain.event import EventKind
from app.domain.session import CloudRun, Decision, Session, SessionState, Side
from app.errors import NotFound, StorageUnavailable
from app.ids import new_id
from app.logs import Seldom
from app.pages import LARGE_BYTES
from proxy.record.recording import Recording

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.domain.verdict import Verdict
    from app.storage.ports import Ledger, SessionStore
    from proxy.facts import Inquiry
    from proxy.record.pager import Bodies

_FLUSH_SECONDS = 0.5
_TRIES = 3
_UNANSWERED = "the request was sent, and no answer to it was seen"
_UNSENT = "nothing was sent to the model"
_log = structlog.get_logger(__name__)


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
        self._tended: dict[Recording, None] = {}
        self._warning = Seldom()

    async def open(
        self,
        identity: Identity,
        inquiry: Inquiry,
        verdict: Verdict,
        *,
        held: bool = False,
        joined: str = "",
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
            joined=joined,
            hook=inquiry.hook,
            cloud=_cloud_run(inquiry),
            origin=inquiry.origin,
            conversation=inquiry.conversation,
            unpaged=(Side.REQUEST,) if len(body) > LARGE_BYTES else (),
        )
        recording = self._of(session)
        pieces, _ = await asyncio.gather(
            self._bodies.keep(body),
            recording.note(
                EventKind.SESSION_OPENED,
                identity=identity.key,
                credential=identity.credential,
                connection=session.connection,
                digest=session.request.digest,
                action=verdict.action.value,
                catalog=verdict.catalog_revision,
                uninspected=len(inquiry.facts.prompt.uninspected),
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

    async def taken_over(self, hold: Hold, by: Recording) -> None:
        """End the session of a hold whose approval another one has claimed, if it is another."""
        if hold.session_id != by.session.id:
            first = await self.resume(hold.session_id)
            if first.session.state is not SessionState.OPEN:
                return  # A hook had its answer.
            await first.refuse(
                Decision.WITHDRAWN, f"its approval was used by a retry, session {by.session.id}"
            )

    def done(self, recording: Recording, why: str) -> None:
        """Let go of a recording; `run` ends what has no end yet. `why` is what cut it short."""
        if recording.ended:
            return
        decision = recording.session.decision
        if recording.forwarded:
            # What the upstream did with it is not known, and it is never sent again.
            recording.give_up(SessionState.INDETERMINATE, decision, f"{why}: {_UNANSWERED}")
        elif recording.claiming or not recording.session.hold_id:
            # What is held goes on: people decide, and a retry finds it.
            recording.give_up(SessionState.CLOSED, Decision.WITHDRAWN, f"{why}: {_UNSENT}")

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.tend()

    async def tend(self) -> None:
        """Write what waits to be written, of as many sessions as the storage takes it."""
        failed: list[str] = []
        reason = ""
        for recording in tuple(self._tended):
            try:
                await recording.chunks.flush()
                await recording.settle()
            except StorageUnavailable as unavailable:
                failed.append(recording.session.id)
                # Another goes first the next time: this one may be why.
                self._tended[recording] = self._tended.pop(recording)
                reason = str(unavailable)
                if len(failed) == _TRIES:
                    break
            else:
                if recording.over:
                    del self._tended[recording]
        if failed and self._warning.due():
            _log.warning(
                "sessions not recorded yet",
                sessions=failed,
                waiting=len(self._tended),
                reason=reason,
            )

    def _of(self, session: Session) -> Recording:
        return Recording(session, self._sessions, self._ledger, self._clock, self._tended)


def _cloud_run(inquiry: Inquiry) -> CloudRun | None:
    """Return the agent that a request names; what it starts is known from its answer."""
    about = inquiry.cloud
    return CloudRun(about.agent, about.run) if about is not None and about.agent else None
