"""The live tail of a running session: server-sent events with what has come since.

Theory of operation. A gateway writes an answer every half second, so the record is read a little
more often than that, and what it says is drawn and masked as for the page. An event brings the
entries of the answer that differ from what was sent before:

    event: entries
    data: [[2, "<article …"], [3, "<article …"]]

A stream ends after a minute. The browser then asks again by itself, so that each minute the right
to see the session is looked at anew, and what was missed on the way is sent.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from quart import Response, current_app

from app.domain.record.session import Chunk, SessionState, sent
from app.errors import AbeyanceError, StorageUnavailable
from app.pages import LARGE_BYTES
from app.replay.session_holds import holds_of
from app.replay.trail import steps, views
from proxy.replay.html import encoded, secure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from jinja2 import Environment

    from app.domain.record.session import Session
    from app.storage.store import MongoStorage
    from policies.compiled_catalog import Catalog
    from proxy.process.draining import Drain
    from proxy.replay.reading import PageReader

EVENTS = "text/event-stream"
_LASTS_SECONDS = 60
_LOOK_SECONDS = 0.3
_AGAIN_MS = 300
_MOST = 12
"""Streams of one gateway at a time."""
_LAST_LOOKS = 10
"""For the end of an answer, which may be written a moment after the session's."""
_log = structlog.get_logger(__name__)


class Tails:
    """Every session's live tails."""

    def __init__(
        self,
        storage: MongoStorage,
        reading: PageReader,
        catalog: Callable[[], Catalog],
        drain: Drain,
    ) -> None:
        """`catalog` returns the one that is in force at the moment."""
        self._storage = storage
        self._reading = reading
        self._catalog = catalog
        self._drain = drain
        self._open = 0

    async def answer(self, session_id: str) -> Response:
        """Return the stream of a session. Raises StorageUnavailable where there are too many."""
        if self._open >= _MOST:
            raise StorageUnavailable("Too many sessions are followed live at this gateway.")
        drawing = Drawing(current_app.jinja_env)
        answer = Response(self._events(session_id, drawing), content_type=EVENTS)
        answer.timeout = None
        secure(answer)
        return answer

    async def _events(self, session_id: str, drawing: Drawing) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            yield f"retry: {_AGAIN_MS}\n\n".encode()
            async with asyncio.timeout(_LASTS_SECONDS):
                async for name, value in self._news(session_id, drawing):
                    yield encoded(f"event: {name}\ndata: {json.dumps(value)}\n\n")
        except TimeoutError:
            return
        except AbeyanceError as error:
            _log.warning("live tail broken off", session=session_id, reason=str(error))
        finally:
            self._open -= 1

    async def _news(self, session_id: str, drawing: Drawing) -> AsyncIterator[tuple[str, object]]:
        """Yield events until the session has ended, or this gateway is about to."""
        looks = _LAST_LOOKS
        seen = _Seen()
        while looks and not self._drain.begun:
            session = await self._storage.sessions.get(session_id)
            if session is None:
                return
            fresh = await self._storage.sessions.chunks(session_id, after=seen.last)
            seen.chunks += fresh
            if session.decision.value != seen.decision:
                seen.decision = session.decision.value
                yield "decision", seen.decision
            if seen.size > LARGE_BYTES:
                yield "large", ""
            elif fresh:
                shown = await self._reading.answered(session, seen.chunks)
                if changed := seen.changed([await drawing.entry(one) for one in shown]):
                    yield "entries", changed
            trail = await self._trail(session, drawing)
            if trail != seen.trail:
                seen.trail = trail
                yield "trail", trail
            if session.state is not SessionState.OPEN:
                looks = 0 if seen.is_whole(session) else looks - 1
            await asyncio.sleep(_LOOK_SECONDS if looks else 0)
        if not looks:
            yield "over", ""

    async def _trail(self, session: Session, drawing: Drawing) -> str:
        entries = await self._storage.ledger.entries(session.id)
        holds = await holds_of(self._storage.holds, session, entries)
        told = steps(entries, holds, self._catalog().mask)
        return await drawing.trail(told, views(entries))


@dataclass(slots=True)
class _Seen:
    """What was sent to one browser."""

    chunks: tuple[Chunk, ...] = ()
    entries: list[str] = field(default_factory=list)
    trail: str = ""
    decision: str = ""

    @property
    def last(self) -> int:
        return self.chunks[-1].seq if self.chunks else -1

    @property
    def size(self) -> int:
        return sum(len(chunk.data) for chunk in self.chunks)

    def is_whole(self, session: Session) -> bool:
        return session.answer is None or len(sent(self.chunks)) >= session.answer.body_bytes

    def changed(self, entries: list[str]) -> list[tuple[int, str]]:
        """Return the entries that differ, with their numbers; they are known from now on."""
        known = dict(enumerate(self.entries))
        self.entries = entries
        return [(at, entry) for at, entry in enumerate(entries) if known.get(at) != entry]


class Drawing:
    """Parts of the page, drawn by its own templates."""

    def __init__(self, environment: Environment, **known: object) -> None:
        """`known` is what templates use beside what they are given."""
        self._environment = environment
        self._known = known

    async def entry(self, entry: object) -> str:
        return await self._drawn("entries", "entry_of", entry)

    async def row(self, session: Session) -> str:
        return await self._drawn("rows", "row_of", session)

    async def trail(self, *told: object) -> str:
        return await self._drawn("trail", "trail_of", *told)

    async def _drawn(self, template: str, macro: str, *values: object) -> str:
        found = self._environment.get_template(f"replay/{template}.html")
        module = await found.make_module_async(self._known)
        return str(await getattr(module, macro)(*values)).strip()
