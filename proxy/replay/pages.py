"""The replay pages. What is shown or refused is in the ledger before anyone sees it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quart import Blueprint, Response, request

from app.domain.event import EventKind
from app.domain.record.session import SessionState
from app.errors import NotFound, NotPermitted
from app.replay.agents import agents_of
from app.replay.export import CONVERSATION_FORMAT, exported
from app.replay.session_holds import holds_of, own_hold
from app.replay.timeline import timeline
from app.replay.trail import steps, views
from app.search import SessionFilter
from app.storage.record.terms import CONVERSATION_SHORT
from proxy.replay import html
from proxy.replay.access import ROOT, WHOLE, Access, before, for_senders, for_viewers
from proxy.replay.acting import Acting
from proxy.replay.dashboard.gathering import Dashboard
from proxy.replay.listing import Lists
from proxy.replay.live import Tails
from proxy.replay.originals import Originals
from proxy.replay.reading import PageReader, Told
from proxy.replay.seal import checked, damaged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.record.session import Session
    from proxy.replay.viewers import Viewer

_IN_CONVERSATION = 20
_BEFORE = 4
"""Turns before those of a page that say what they repeat; other agents' may be among them."""
_SPANS = ((1, "One day"), (7, "A week"), (30, "30 days"))
"""How far back the dashboard looks."""


@dataclass(frozen=True, slots=True)
class ReplayPages:
    access: Access
    lists: Lists
    reading: PageReader
    tails: Tails
    dashboard: Dashboard
    acting: Acting
    originals: Originals

    def routes(self) -> Blueprint:
        routes = Blueprint("replay", __name__, url_prefix=ROOT)
        routes.add_url_rule("", "listed", self.lists.listed)
        routes.add_url_rule("/search", "search", self.lists.search)
        routes.add_url_rule(
            f"/<any({', '.join(map(repr, html.SCRIPTS))}):name>", "script", self.script
        )
        routes.add_url_rule("/dashboard", "dashboard", self.dashboard_)
        routes.add_url_rule("/<session_id>", "session", self.session)
        routes.add_url_rule("/<session_id>/conversation", "conversation", self.conversation)
        routes.add_url_rule(
            "/<session_id>/conversation/export", "conversation_export", self.conversation_export
        )
        routes.add_url_rule("/<session_id>/live", "live", self.live)
        routes.add_url_rule("/<session_id>/raw", "raw", self.raw)
        routes.add_url_rule("/<session_id>/image", "image", self.image)
        routes.add_url_rule("/<session_id>/export", "export", self.export)
        routes.add_url_rule("/<session_id>/seal", "seal", self.seal)
        routes.add_url_rule("/<session_id>/today", "today", self.today)
        for name, act in (("legal-hold", self.acting.legal_hold), ("mark", self.acting.mark)):
            routes.add_url_rule(f"/<session_id>/{name}", name, act, methods=["POST"])
        routes.add_url_rule(
            "/<session_id>/originals/<name>", "original", self.original, methods=["POST"]
        )
        return routes

    async def script(self, name: str) -> Response:
        answer = Response(html.SCRIPTS[name], content_type="text/javascript; charset=utf-8")
        html.secure(answer, "default-src 'none'")
        return answer

    @for_viewers
    async def dashboard_(self, viewer: Viewer) -> Response:
        """Show what the newest sessions say together, to auditors."""
        if not viewer.is_auditor:
            await self.access.note(viewer, EventKind.REPLAY_REFUSED, "dashboard")
            raise NotPermitted("Only auditors see the dashboard. This attempt is recorded.")
        await self.access.note(viewer, EventKind.REPLAY_SHOWN, "dashboard")
        given = request.args.get("days", "")
        days = int(given) if given in {str(days) for days, _ in _SPANS} else _SPANS[1][0]
        figures, panels = await self.dashboard.panels(days)
        return await html.page(
            "dashboard",
            root=self.access.root,
            viewer=viewer,
            figures=figures,
            panels=panels,
            days=days,
            spans=_SPANS,
            query="",
        )

    @for_viewers
    async def session(self, viewer: Viewer, session_id: str) -> Response:
        """Show what was asked and answered, in which order, and who decided why."""
        number = request.args.get("page", "1")
        at = int(number) - 1 if number.isdecimal() and 0 < len(number) < 7 else 0
        session, holds, right = await self.access.allowed(viewer, session_id, "session")
        hold = own_hold(session, holds)
        told = await self.reading.told(session, max(at, 0))
        catalog = self.access.catalog()
        entries = await self.access.storage.ledger.entries(session.id)
        placed = await self.access.storage.legal_holds.all() if viewer.is_auditor else ()
        is_whole, live = right in WHOLE, ""
        broken = None
        if told.is_damaged and is_whole:
            broken = damaged(await checked(self.access.storage, session), told.lost)
        seal = f"{self.access.root}/{session.id}/seal" if is_whole else ""
        if session.state is SessionState.OPEN and told.number + 1 == told.pages:
            live = f"{self.access.root}/{session.id}/live"
        return await html.page(
            "session",
            scripts=[
                "live.js" if live else "player.js",
                *(["seal.js", "images.js"] if is_whole else []),
            ],
            images=[f"{self.access.root}/{session.id}/image"] if is_whole else [],
            asks=" ".join(filter(None, (live, seal))),
            live=live,
            broken=broken,
            marks=await self.acting.marking.of(session.id),
            legal_holds=[hold for hold in placed if hold.covers(session)],
            scopes=["session", *(["conversation"] if session.conversation else [])],
            originals=await self.originals.of(session.id),
            root=self.access.root,
            viewer=viewer,
            session=session,
            hold=hold,
            right=right,
            told=told,
            asked=told.said.asked,
            answered=told.said.answered,
            steps=steps(entries, holds, catalog.mask),
            views=views(entries),
            timeline=timeline(session, holds, _masked(told), catalog.mask),
            reason=catalog.mask(hold.reason) if hold else "",
            may_read_raw=is_whole,
            conversation_short=CONVERSATION_SHORT,
            query="",
        )

    @for_senders
    async def original(self, viewer: Viewer, session_id: str, name: str) -> Response:
        """Show what was masked to somebody for whom it is kept."""
        session, _, _ = await self.access.allowed(viewer, session_id, "original", noted=False)
        original, value = await self.originals.opened(viewer, session.id, name, "browser")
        return await html.page(
            "original",
            root=self.access.root,
            viewer=viewer,
            session=session,
            original=original,
            value=value,
            query="",
        )

    @for_viewers
    async def live(self, viewer: Viewer, session_id: str) -> Response:
        """Send what comes of a running session, for a minute; then browsers ask once more."""
        session, _, _ = await self.access.allowed(viewer, session_id, "live")
        return await self.tails.answer(session.id)

    @for_viewers
    async def conversation(self, viewer: Viewer, session_id: str) -> Response:
        """Show the turns of a conversation, each with what it added; of its one person alone."""
        session, _, _ = await self.access.allowed(viewer, session_id, "conversation", WHOLE)
        older_than = before()
        newest = await self._turns(session, older_than)
        shown, earlier = newest[:_IN_CONVERSATION][::-1], newest[_IN_CONVERSATION:][::-1]
        turns = [
            (one, told, told.said.asked, told.said.answered)
            for one, told in zip(shown, await self.reading.added(shown, earlier), strict=True)
        ]
        placed = await self.access.storage.legal_holds.all() if viewer.is_auditor else ()
        return await html.page(
            "conversation",
            legal_holds=[hold for hold in placed if hold.covers(session)],
            scopes=["conversation"],
            scripts=["player.js", "seal.js", "images.js"],
            images=[f"{self.access.root}/{one.id}/image" for one, *_ in turns],
            asks=f"{self.access.root}/{session.id}/seal",
            root=self.access.root,
            viewer=viewer,
            session=session,
            turns=turns,
            agents=agents_of(shown),
            older=shown[0].id if earlier else "",
            newer=bool(older_than),
            before=older_than,
            query="",
        )

    @for_viewers
    async def conversation_export(self, viewer: Viewer, session_id: str) -> Response:
        """Give all that is known of each turn of a conversation as JSON, the newest first."""
        session, _, _ = await self.access.allowed(viewer, session_id, "conversation export", WHOLE)
        _in_conversation(session)
        answer = Response(self._exported_turns(viewer, session), content_type="application/json")
        answer.timeout = None
        return _to_keep(answer, f"conversation-{session.id}.json")

    async def _exported_turns(self, viewer: Viewer, session: Session) -> AsyncIterator[bytes]:
        """Yield the parts of one document; it is cut off, and no JSON, where one cannot be read."""
        yield html.encoded(f'{{"format": "{CONVERSATION_FORMAT}", "sessions": [')
        last, between = "", ""
        while turns := (await self._turns(session, last))[:_IN_CONVERSATION]:
            for turn in turns:
                if turn.id != session.id:
                    what = "conversation export"
                    await self.access.note(viewer, EventKind.REPLAY_SHOWN, what, turn.id)
                yield html.encoded(between + await self._exported(turn))
                last, between = turn.id, ","
        yield b"]}"

    async def _exported(self, session: Session) -> str:
        entries = await self.access.storage.ledger.entries(session.id)
        holds = await holds_of(self.access.storage.holds, session, entries)
        raw = await self.reading.exported(session)
        mask = self.access.catalog().mask
        return await asyncio.to_thread(exported, session, holds, entries, raw, mask)

    @for_viewers
    async def seal(self, viewer: Viewer, session_id: str) -> Response:
        """Show whether the record of a session, or of the turns of its conversation, is intact."""
        session, _, _ = await self.access.allowed(viewer, session_id, "seal", WHOLE, noted=False)
        sessions: tuple[Session, ...] = (session,)
        if request.args.get("of") == "conversation" and session.conversation:
            sessions = (await self._turns(session, before()))[:_IN_CONVERSATION]
        checks = [await checked(self.access.storage, one) for one in sessions]
        return await html.page(
            "seal_part" if "part" in request.args else "seal",
            root=self.access.root,
            viewer=viewer,
            session=session,
            checks=checks,
            broken=[check for check in checks if check.faults],
            query="",
        )

    @for_viewers
    async def today(self, viewer: Viewer, session_id: str) -> Response:
        """Show what the catalog in force would say of a request."""
        session, _, _ = await self.access.allowed(viewer, session_id, "today", WHOLE)
        told = await self.reading.today(session)
        return await html.page(
            "today", root=self.access.root, viewer=viewer, session=session, told=told, query=""
        )

    async def _turns(self, session: Session, older_than: str) -> tuple[Session, ...]:
        """Return the turns of its conversation, newest first, and some of those before them."""
        return await self.access.storage.sessions.search(
            _in_conversation(session), limit=_IN_CONVERSATION + _BEFORE, before=older_than
        )

    @for_viewers
    async def raw(self, viewer: Viewer, session_id: str) -> Response:
        """Show one half of a session as it was recorded, as plain text."""
        session, _, _ = await self.access.allowed(viewer, session_id, "raw", WHOLE)
        raw = await self.reading.raw(session)
        text = raw.answer if request.args.get("side") == "answer" else raw.request
        answer = Response(html.encoded(text), content_type="text/plain; charset=utf-8")
        html.secure(answer)
        return answer

    @for_viewers
    async def image(self, viewer: Viewer, session_id: str) -> Response:
        """Show an image of a request, to who asks for it."""
        session, _, _ = await self.access.allowed(viewer, session_id, "image", WHOLE)
        found = await self.reading.image(session, request.args.get("place", ""))
        if found is None:
            raise NotFound("There is no image here that can be shown.")
        answer = Response(found.data, content_type=found.media_type)
        html.secure(answer)
        answer.headers["x-content-type-options"] = "nosniff"
        return answer

    @for_viewers
    async def export(self, viewer: Viewer, session_id: str) -> Response:
        """Give all that is known of a session as JSON."""
        session, _, _ = await self.access.allowed(viewer, session_id, "export", WHOLE)
        body = html.encoded(await self._exported(session))
        answer = Response(body, content_type="application/json")
        return _to_keep(answer, f"session-{session.id}.json")


def _in_conversation(session: Session) -> SessionFilter:
    """Return what finds the turns of its conversation. Raises NotFound where it has none."""
    if session.conversation is None:
        raise NotFound("This session belongs to no conversation.")
    name = session.conversation.id[:CONVERSATION_SHORT]
    return SessionFilter(conversation=name, owner=session.identity)


def _to_keep(answer: Response, name: str) -> Response:
    """Have a browser keep an answer as a file."""
    html.secure(answer)
    answer.headers["content-disposition"] = f'attachment; filename="{name}"'
    return answer


def _masked(told: Told) -> list[tuple[int, int]]:
    """Return when each entry of a page was said, and how many places in it are masked."""
    entries = (*told.said.asked, *told.said.answered)
    return [(entry.begun_ms or 0, entry.masked) for entry in entries]
