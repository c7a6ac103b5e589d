"""The replay pages. What is shown or refused is in the ledger before anyone sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeAlias

import structlog
from quart import Blueprint, Response, request

from app.clock import Clock
from app.domain.event import Event, EventKind
from app.domain.session import SessionState
from app.errors import AbeyanceError, BadRequest, NotAuthenticated, NotFound, NotPermitted
from app.search import SessionFilter, parse_filter
from app.storage.ports import Ledger
from app.storage.record.terms import CONVERSATION_SHORT
from app.storage.store import MongoStorage
from policies.compiled_catalog import Catalog
from proxy.browser.pages import in_words, problem
from proxy.browser.visits import Purpose, Visits
from proxy.replay import html
from proxy.replay.dashboard.gathering import Dashboard
from proxy.replay.export import exported
from proxy.replay.live import EVENTS, Tails
from proxy.replay.reading import Reading
from proxy.replay.trail import steps, stretches, views
from proxy.replay.viewers import Right, Viewers

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from app.domain.hold import Hold
    from app.domain.session import Session
    from proxy.replay.viewers import Viewer

P = ParamSpec("P")
View: TypeAlias = "Callable[Concatenate[ReplayPages, Viewer, P], Awaitable[Response]]"
Page: TypeAlias = "Callable[Concatenate[ReplayPages, P], Awaitable[Response]]"

REPLAY = Purpose("replay", "Nothing was shown.")
ROOT = "/-/replay"
_PAGE_SESSIONS = 25
_IN_CONVERSATION = 20
_QUERY_LENGTH = 300
_BACK_LENGTH = 1500
_ANY = frozenset(Right)
_WHOLE = frozenset({Right.AUDITOR, Right.OWN})
"""Who may read a session as it was recorded: not who decided on a part of it."""
_SPANS = ((1, "One day"), (7, "A week"), (30, "30 days"))
"""How far back the dashboard looks."""
_ID = re.compile(r"[0-9a-z]{26}")
_NONE = "There is no such session, or you may not see it. This attempt is recorded."
_log = structlog.get_logger(__name__)


def _for_viewers(view: View[P]) -> Page[P]:
    """Make a page for who is signed in; show as a page whatever goes wrong while it is made."""

    @wraps(view)
    async def shown(self: ReplayPages, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            viewer = await self.viewer()
            if viewer is None:
                return await self.sign_in()
            return await view(self, viewer, *args, **kwargs)
        except AbeyanceError as error:
            _log.warning("replay not shown", reason=str(error))
            status, title, words = in_words(error, REPLAY.undone)
            title = "Not found" if isinstance(error, NotFound) else title
            return await problem(status, title, words, self.root)

    return shown


@dataclass(frozen=True, slots=True)
class ReplayPages:
    storage: MongoStorage
    reading: Reading
    tails: Tails
    dashboard: Dashboard
    viewers: Viewers
    visits: Visits
    ledger: Ledger
    clock: Clock
    catalog: Callable[[], Catalog]
    public_url: str

    @property
    def root(self) -> str:
        return self.public_url + ROOT

    def routes(self) -> Blueprint:
        routes = Blueprint("replay", __name__, url_prefix=ROOT)
        routes.add_url_rule("", "listed", self.listed)
        routes.add_url_rule("/<any('player.js', 'live.js'):name>", "script", self.script)
        routes.add_url_rule("/dashboard", "dashboard", self.dashboard_)
        routes.add_url_rule("/<session_id>", "session", self.session)
        routes.add_url_rule("/<session_id>/conversation", "conversation", self.conversation)
        routes.add_url_rule("/<session_id>/live", "live", self.live)
        routes.add_url_rule("/<session_id>/raw", "raw", self.raw)
        routes.add_url_rule("/<session_id>/export", "export", self.export)
        return routes

    async def script(self, name: str) -> Response:
        answer = Response(html.SCRIPTS[name], content_type="text/javascript; charset=utf-8")
        html.secure(answer, "default-src 'none'")
        return answer

    @_for_viewers
    async def listed(self, viewer: Viewer) -> Response:
        """List sessions, newest first: those that fit, of those that the viewer may see."""
        query = request.args.get("q", "").strip()[:_QUERY_LENGTH]
        before = _before()
        is_decided = request.args.get("view") == "decided" and not viewer.is_auditor
        await self._note(viewer, EventKind.REPLAY_SHOWN, "list", query=query)
        fault, last = "", ""
        found: tuple[Session, ...] = ()
        try:
            wanted = parse_filter(query, self.clock.now())
        except BadRequest as error:
            fault = str(error)
        else:
            found, last = await self._found(viewer, wanted, before, is_decided=is_decided)
        return await html.page(
            "list",
            root=self.root,
            viewer=viewer,
            query=query,
            fault=fault,
            found=found,
            older=last,
            newer=bool(before),
            is_decided=is_decided,
        )

    @_for_viewers
    async def dashboard_(self, viewer: Viewer) -> Response:
        """Show what the newest sessions say together, to auditors."""
        if not viewer.is_auditor:
            await self._note(viewer, EventKind.REPLAY_REFUSED, "dashboard")
            raise NotPermitted("Only auditors see the dashboard. This attempt is recorded.")
        await self._note(viewer, EventKind.REPLAY_SHOWN, "dashboard")
        given = request.args.get("days", "")
        days = int(given) if given in {str(days) for days, _ in _SPANS} else _SPANS[1][0]
        figures, panels = await self.dashboard.panels(days)
        return await html.page(
            "dashboard",
            root=self.root,
            viewer=viewer,
            figures=figures,
            panels=panels,
            days=days,
            spans=_SPANS,
            query="",
        )

    async def _found(
        self, viewer: Viewer, wanted: SessionFilter, before: str, *, is_decided: bool
    ) -> tuple[tuple[Session, ...], str]:
        """Return a page of sessions, and the id after which the next one begins, if there is."""
        limit = _PAGE_SESSIONS + 1
        if is_decided:
            holds = await self.storage.holds.voted_by(viewer.names, limit, before)
            sessions = [await self.storage.sessions.get(hold.session_id) for hold in holds]
            last = holds[_PAGE_SESSIONS - 1].id if len(holds) == limit else ""
            return tuple(found for found in sessions[:_PAGE_SESSIONS] if found), last
        if not viewer.is_auditor:
            wanted = replace(wanted, owner=viewer.identity)
        found = await self.storage.sessions.search(wanted, limit=limit, before=before)
        last = found[_PAGE_SESSIONS - 1].id if len(found) == limit else ""
        return found[:_PAGE_SESSIONS], last

    @_for_viewers
    async def session(self, viewer: Viewer, session_id: str) -> Response:
        """Show what was asked and answered, in which order, and who decided why."""
        number = request.args.get("page", "1")
        at = int(number) - 1 if number.isdecimal() and 0 < len(number) < 7 else 0
        session, hold, right = await self._allowed(viewer, session_id, "session")
        told = await self.reading.told(session, max(at, 0))
        catalog = self.catalog()
        entries = await self.storage.ledger.entries(session.id)
        live = ""
        if session.state is SessionState.OPEN and told.number + 1 == told.pages:
            live = f"{self.root}/{session.id}/live"
        return await html.page(
            "session",
            scripts=[f"{self.root}/{'live' if live else 'player'}.js"],
            asks=live,
            live=live,
            root=self.root,
            viewer=viewer,
            session=session,
            hold=hold,
            right=right,
            told=told,
            asked=told.said.asked,
            answered=told.said.answered,
            steps=steps(entries, hold, catalog.mask),
            views=views(entries),
            stretches=stretches(session, hold),
            reason=catalog.mask(hold.reason) if hold else "",
            may_read_raw=right is not Right.DECIDED,
            conversation_short=CONVERSATION_SHORT,
            query="",
        )

    @_for_viewers
    async def live(self, viewer: Viewer, session_id: str) -> Response:
        """Send what comes of a running session, for a minute; then browsers ask once more."""
        session, _, _ = await self._allowed(viewer, session_id, "live")
        return await self.tails.answer(session.id)

    @_for_viewers
    async def conversation(self, viewer: Viewer, session_id: str) -> Response:
        """Show the turns of a conversation, each with what it added; of its one person alone."""
        session, _, _ = await self._allowed(viewer, session_id, "conversation", _WHOLE)
        if session.conversation is None:
            raise NotFound("This session belongs to no conversation.")
        name = session.conversation.id[:CONVERSATION_SHORT]
        wanted = SessionFilter(conversation=name, owner=session.identity)
        before = _before()
        limit = _IN_CONVERSATION + 1
        newest = await self.storage.sessions.search(wanted, limit=limit, before=before)
        shown = newest[:_IN_CONVERSATION][::-1]
        turns = [
            (one, told, told.said.asked, told.said.answered)
            for one, told in zip(shown, await self.reading.added(shown), strict=True)
        ]
        return await html.page(
            "conversation",
            scripts=[f"{self.root}/player.js"],
            root=self.root,
            viewer=viewer,
            session=session,
            turns=turns,
            older=shown[0].id if len(newest) == limit else "",
            newer=bool(before),
            query="",
        )

    @_for_viewers
    async def raw(self, viewer: Viewer, session_id: str) -> Response:
        """Show one half of a session as it was recorded, as plain text."""
        session, _, _ = await self._allowed(viewer, session_id, "raw", _WHOLE)
        raw = await self.reading.raw(session)
        text = raw.answer if request.args.get("side") == "answer" else raw.request
        answer = Response(html.encoded(text), content_type="text/plain; charset=utf-8")
        html.secure(answer)
        return answer

    @_for_viewers
    async def export(self, viewer: Viewer, session_id: str) -> Response:
        """Give all that is known of a session as JSON."""
        session, hold, _ = await self._allowed(viewer, session_id, "export", _WHOLE)
        raw = await self.reading.raw(session)
        entries = await self.storage.ledger.entries(session.id)
        body = exported(session, hold, entries, raw, self.catalog().mask)
        answer = Response(html.encoded(body), content_type="application/json")
        html.secure(answer)
        answer.headers["content-disposition"] = f'attachment; filename="session-{session.id}.json"'
        return answer

    async def _allowed(
        self, viewer: Viewer, session_id: str, what: str, rights: frozenset[Right] = _ANY
    ) -> tuple[Session, Hold | None, Right]:
        """Return a session that may be shown, once that is in the ledger.

        Raises NotFound where it is not there, and where the viewer has none of the rights.
        """
        is_id = _ID.fullmatch(session_id) is not None
        session = await self.storage.sessions.get(session_id) if is_id else None
        if session is not None:
            held = bool(session.hold_id)
            hold = await self.storage.holds.get(session.hold_id) if held else None
            right = viewer.right_to(session, hold)
            if right in rights:
                await self._note(viewer, EventKind.REPLAY_SHOWN, what, session.id, right=right)
                return session, hold, right
        known = session.id if session is not None else ""
        await self._note(viewer, EventKind.REPLAY_REFUSED, what, known)
        raise NotFound(_NONE)

    async def _note(
        self, viewer: Viewer, kind: EventKind, what: str, session_id: str = "", **more: str | int
    ) -> None:
        if query := more.get("query"):
            more["query"] = self.catalog().mask(str(query))
        identity = viewer.identity
        who = {"identity": identity.key, "email": identity.email, "what": what, "in": "browser"}
        await self.ledger.append(Event(kind, self.clock.now(), session_id, {**who, **more}))

    async def viewer(self) -> Viewer | None:
        """Return who is signed in. Raises StorageUnavailable."""
        visit = await self.visits.current(REPLAY)
        return await self.viewers.viewer(visit.identity) if visit is not None else None

    async def sign_in(self) -> Response:
        """Send the browser to sign in, and then back to the page that it asked for.

        Raises NotAuthenticated where a script asks, which cannot sign in.
        """
        if request.headers.get("accept") == EVENTS:
            raise NotAuthenticated("The sign-in has ended.")
        back = request.full_path.rstrip("?")
        if len(back) > _BACK_LENGTH:  # more than a cookie takes with all else that is in it
            back = ROOT
        return await self.visits.begin(REPLAY, back, again=ROOT)


def _before() -> str:
    """Return the id that a page of a list ends before; empty for the first page."""
    given = request.args.get("before", "")
    return given if _ID.fullmatch(given) else ""
