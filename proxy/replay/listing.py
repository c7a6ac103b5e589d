"""Lists of sessions: what a search leaves, and what somebody has decided on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import structlog
from quart import Response, current_app, request

from app.domain.event import EventKind
from app.errors import AbeyanceError, BadRequest, StorageUnavailable
from app.replay.text_search import SECONDS, TextSearch
from app.search import SessionFilter, parse_filter
from proxy.replay import html
from proxy.replay.access import Access, before, for_viewers
from proxy.replay.live import EVENTS, Drawing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.record.session import Session
    from app.replay.text_search import Progress
    from proxy.replay.viewers import Viewer

PAGE_SESSIONS = 25
_QUERY_LENGTH = 300
_MOST = 2
"""Searches for a text in one gateway at a time: each reads all the while."""
_log = structlog.get_logger(__name__)


class Searches:
    """Searches for a text that run in this gateway."""

    def __init__(self, search: TextSearch) -> None:
        self._search = search
        self._running = 0

    async def answer(self, access: Access, wanted: SessionFilter, query: str) -> Response:
        """Return the stream of a search. Raises StorageUnavailable where there are too many."""
        if self._running >= _MOST:
            raise StorageUnavailable("Too many searches for a text are running at this gateway.")
        drawing = Drawing(current_app.jinja_env, root=access.root, **html.SPELLED)
        events = self._events(wanted, before(), query, access.root, drawing)
        answer = Response(events, content_type=EVENTS)
        answer.timeout = None
        html.secure(answer)
        return answer

    async def _events(
        self, wanted: SessionFilter, last: str, query: str, root: str, drawing: Drawing
    ) -> AsyncIterator[bytes]:
        self._running += 1
        shown = 0
        try:
            async for now in self._search.found(wanted, limit=PAGE_SESSIONS, before=last):
                rows = [await drawing.row(session) for session in now.found[shown:]]
                shown = len(now.found)
                more = f"{root}?{urlencode({'q': query, 'before': now.last})}"
                told = {
                    "rows": rows,
                    "seconds": round(now.seconds, 1),
                    "words": _words(now),
                    "more": more if now.has_more else "",
                }
                name = "over" if now.is_over else "progress"
                yield html.encoded(f"event: {name}\ndata: {json.dumps(told)}\n\n")
        except AbeyanceError as error:
            _log.warning("search broken off", reason=str(error))
            yield b"event: broken\ndata: {}\n\n"
        finally:
            self._running -= 1


def _words(now: Progress) -> str:
    """Say how far a search has come."""
    if not now.back_to:
        return "No session was left to look at."
    one = now.looked_at == 1
    words = f"Looked at {now.looked_at:,} session{'' if one else 's'}, back to "
    words += f"{html.moment(now.back_to)}. {len(now.found)} found."
    if now.unread:
        words += f" {now.unread:,} could not be read: erased or damaged."
    if not now.is_over:
        return words
    if not now.has_more:
        return f"{words} That is all there is."
    return f"{words} There may be more."


@dataclass(frozen=True, slots=True)
class Lists:
    access: Access
    searches: Searches

    @for_viewers
    async def listed(self, viewer: Viewer) -> Response:
        """List sessions, newest first: those that fit, of those that the viewer may see."""
        access = self.access
        query = _query()
        is_decided = request.args.get("view") == "decided" and not viewer.is_auditor
        await access.note(viewer, EventKind.REPLAY_SHOWN, "list", query=query)
        fault, last, events = "", "", ""
        found: tuple[Session, ...] = ()
        try:
            wanted = parse_filter(query, access.clock.now())
            if wanted.text and not is_decided:
                events = f"{access.root}/search?{urlencode({'q': query, 'before': before()})}"
            else:
                found, last = await self._found(viewer, wanted, is_decided=is_decided)
        except BadRequest as error:
            fault = str(error)
        return await html.page(
            "list",
            scripts=["search.js"] if events else [],
            asks=f"{access.root}/search" if events else "",
            root=access.root,
            viewer=viewer,
            query=query,
            fault=fault,
            found=found,
            events=events,
            seconds=int(SECONDS),
            older=last,
            newer=bool(before()),
            is_decided=is_decided,
            hints=await self._hints(viewer),
        )

    @for_viewers
    async def search(self, viewer: Viewer) -> Response:
        """Send what a search for a text finds, and how far it has come."""
        query = _query()
        wanted = parse_filter(query, self.access.clock.now())
        if not wanted.text:
            raise BadRequest("There is no “text:” in this search.")
        await self.access.note(viewer, EventKind.REPLAY_SHOWN, "search", query=query)
        return await self.searches.answer(self.access, _own(viewer, wanted), query)

    async def _found(
        self, viewer: Viewer, wanted: SessionFilter, *, is_decided: bool
    ) -> tuple[tuple[Session, ...], str]:
        """Return a page of sessions, and the id after which the next one begins, if there is."""
        limit = PAGE_SESSIONS + 1
        among = replace(wanted, voters=viewer.names) if is_decided else _own(viewer, wanted)
        sessions = self.access.storage.sessions
        found = await sessions.search(among, limit=limit, before=before())
        last = found[PAGE_SESSIONS - 1].id if len(found) == limit else ""
        return found[:PAGE_SESSIONS], last

    async def _hints(self, viewer: Viewer) -> list[str]:
        """Return what may be searched for here; rules and connections are for auditors alone."""
        if not viewer.is_auditor:
            return []
        connections = await self.access.storage.connections.all()
        return [
            *(f"connection:{connection.name}" for connection in connections),
            *(f"rule:{rule.id}" for rule in self.access.catalog().rules),
        ]


def _own(viewer: Viewer, wanted: SessionFilter) -> SessionFilter:
    return wanted if viewer.is_auditor else replace(wanted, owner=viewer.identity)


def _query() -> str:
    return request.args.get("q", "").strip()[:_QUERY_LENGTH]
