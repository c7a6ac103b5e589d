"""Opens the record of a session, and writes what one of them still owes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from app.domain.event import Event, EventKind
from app.domain.grant import repository_key
from app.domain.record.session import CloudRun, Decision, Session, SessionState, Side
from app.domain.record.session_facts import UpstreamFacts
from app.errors import NotFound, StorageUnavailable
from app.ids import new_id
from app.logs import Seldom
from app.pages import LARGE_BYTES
from app.search import SessionFilter
from app.storage.content.originals import keeping
from app.storage.record.terms import CONVERSATION_SHORT
from proxy.record.recording import Intent, Recording
from proxy.record.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.domain.record.session_facts import Conversation
    from app.domain.verdict import Verdict
    from app.sealing.data_key import DataKey
    from app.storage.ports import Journal
    from app.storage.record.session_store import SessionStore
    from proxy.facts import Inquiry
    from proxy.record.pager import Bodies

# Shorter than a piece of an answer may wait to be written, so that few streams wait for it.
_FLUSH_SECONDS = 0.4
# What many have to be written is joined in one call.
_TOGETHER = 100
_MODEL_LENGTH = 100
_MOST_TOOLS = 20
# Beside calls, a client lists tools and gives signs of life.
_LOOKED_BACK = 30
_MOST_BEFORE = 5
_LINE = 300
_UNANSWERED = "the request was sent, and no answer to it was seen"
_UNSENT = "nothing was sent to the model"
_log = structlog.get_logger(__name__)


class Recorder:
    """Opens recordings. `run` must be a task of the process: it writes what only waits."""

    def __init__(
        self,
        sessions: SessionStore,
        bodies: Bodies,
        ledger: Journal,
        clock: Clock,
        gateway: str,
    ) -> None:
        """`gateway` names this process: who finds a session open can tell whether it lives."""
        self._sessions = sessions
        self._bodies = bodies
        self._ledger = ledger
        self._clock = clock
        self._gateway = gateway
        self._threads = Threads(sessions)
        self._tended: dict[Recording, None] = {}
        self._warning = Seldom()

    async def open(self, identity: Identity, inquiry: Inquiry, verdict: Verdict) -> Recording:
        """Write the intent of a request. Raises StorageUnavailable; then nothing may go out."""
        recording = await self.begin(identity, inquiry, verdict)
        await recording.open()
        return recording

    async def begin(
        self,
        identity: Identity,
        inquiry: Inquiry,
        verdict: Verdict,
        *,
        held: bool = False,
        joined: str = "",
    ) -> Recording:
        """Return the record of a request, whose intent is written with what comes of it.

        Of a large body, all pieces are stored when this returns. Raises StorageUnavailable.
        """
        now = self._clock.now()
        session_id = new_id(now)
        body = inquiry.request.body
        key = await self._bodies.key(identity.key)
        history, talk = inquiry.history, inquiry.conversation
        if talk is None and history is not None:
            talk = await self._threads.of(session_id, history)
        session = Session(
            id=session_id,
            connection=inquiry.connection.name,
            wire=inquiry.connection.wire,
            model=inquiry.facts.prompt.model,
            identity=identity,
            request=replace(inquiry.request.head(), received=inquiry.received),
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
            upstream=UpstreamFacts(inquiry.connection.base_url, inquiry.connection.credential_id),
            conversation=talk,
            said=history.said if history else "",
            called=inquiry.mcp.tools[:_MOST_TOOLS],
            unpaged=(Side.REQUEST,) if len(body) > LARGE_BYTES else (),
            key=key.id,
        )
        names, pieces = await self._bodies.keep(session, body, key)
        originals = keeping(session_id, Side.REQUEST, inquiry.originals, key)
        session = replace(session, request=replace(session.request, pieces=names))
        said: dict[str, str | int] = {
            "identity": identity.key,
            "repository": repository_key(identity),
            "credential": identity.credential,
            "connection": session.connection,
            "model": session.model[:_MODEL_LENGTH],
            "digest": session.request.digest,
            "action": verdict.action.value,
            "catalog": verdict.catalog_revision,
            "uninspected": len(inquiry.facts.prompt.uninspected),
            **({"received": inquiry.received} if inquiry.received else {}),
            "key": key.id,
            **({"originals": len(originals)} if originals else {}),
        }
        event = Event(EventKind.SESSION_OPENED, now, session_id, said)
        stored = partial(self._bodies.stored, names)
        return self._of(session, key, Intent(event, (*pieces, *originals), stored))

    async def resume(self, session_id: str) -> Recording:
        """Take up the session of a hold that a retry re-attaches to. Raises NotFound."""
        session = await self._sessions.get(session_id)
        if session is None:
            raise NotFound(f"The session {session_id} of this hold is not stored.")
        if session.gateway != self._gateway:
            await self._sessions.adopt(session_id, self._gateway)
        return self._of(session, await self._bodies.key(session.identity.key))

    async def calls_in(self, talk: Conversation, identity: Identity) -> tuple[str, ...]:
        """Return the last tool calls that went out in a conversation over MCP, a line each."""
        wanted = SessionFilter(conversation=talk.id[:CONVERSATION_SHORT], owner=identity)
        latest = await self._sessions.search(wanted, limit=_LOOKED_BACK)
        made = [call for session in latest if session.answer for call in session.answer.calls]
        lines = (f"{c.tool}: {c.changed or c.arguments}"[:_LINE] for c in made[:_MOST_BEFORE])
        return tuple(reversed(list(lines)))

    async def taken_over(self, hold: Hold, by: Recording) -> None:
        """End the session of a hold whose approval another one has claimed, if it is another."""
        if hold.session_id != by.session.id:
            first = await self.resume(hold.session_id)
            if first.session.state is not SessionState.OPEN:
                return  # A hook had its answer.
            by_whom = "what an approver made of it" if hold.change else "a retry"
            await first.refuse(
                Decision.WITHDRAWN, f"its approval was used by {by_whom}, session {by.session.id}"
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
        waiting = [recording for recording in self._tended if recording.unwritten]
        for start in range(0, len(waiting), _TOGETHER):
            together = waiting[start : start + _TOGETHER]
            tries = [self._written(recording) for recording in together]
            for recording, fault in zip(together, await asyncio.gather(*tries), strict=True):
                if fault is not None:
                    failed.append(recording.session.id)
                    # Another goes first the next time: this one may be why.
                    self._tended[recording] = self._tended.pop(recording)
                    reason = str(fault)
            if failed:
                break
        for recording in [recording for recording in self._tended if recording.over]:
            del self._tended[recording]
        if failed and self._warning.due():
            _log.warning(
                "sessions not recorded yet",
                sessions=failed,
                waiting=len(self._tended),
                reason=reason,
            )

    async def _written(self, recording: Recording) -> StorageUnavailable | None:
        """Write what one has to be written; return why that failed, if it did."""
        try:
            await recording.chunks.flush()
            await recording.settle()
        except StorageUnavailable as unavailable:
            return unavailable
        return None

    def goes_on(self, recording: Recording, said: Sequence[str]) -> None:
        """Have requests that call what was said so far by these names belong together with it."""
        talk = recording.session.conversation
        if talk is not None:
            recording.said = tuple(said)
            self._threads.goes_on(talk, said)

    def _of(self, session: Session, key: DataKey, intent: Intent | None = None) -> Recording:
        parts = self._sessions, self._ledger, self._clock, self._tended
        return Recording(session, *parts, key, intent)


def _cloud_run(inquiry: Inquiry) -> CloudRun | None:
    """Return the agent that a request names; what it starts is known from its answer."""
    about = inquiry.cloud
    return CloudRun(about.agent, about.run) if about is not None and about.agent else None
