"""Who is at the replay pages, and the record of what they see or are refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

import structlog
from quart import Response, request

from app.clock import Clock
from app.domain.event import Event, EventKind
from app.domain.record.session import SessionState
from app.errors import AbeyanceError, NotAuthenticated, NotFound
from app.replay.session_holds import holds_of
from app.storage.ports import Ledger
from app.storage.store import MongoStorage
from policies.compiled_catalog import Catalog
from proxy.browser.pages import in_words, problem
from proxy.browser.visits import BrowserVisit, Purpose, Visits
from proxy.replay.live import EVENTS
from proxy.replay.viewers import Right, Viewers

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from app.domain.hold import Hold
    from app.domain.record.session import Session
    from proxy.replay.viewers import Viewer

P = ParamSpec("P")
REPLAY = Purpose("replay", "Nothing was shown.")
ROOT = "/-/replay"
WHOLE = frozenset({Right.AUDITOR, Right.OWN})
"""Who may read a session as it was recorded: not who decided on a part of it."""
AUDITORS_ALONE = frozenset({Right.AUDITOR})
ANY = frozenset(Right)
_BACK_LENGTH = 1500
_ID = re.compile(r"[0-9a-z]{26}")
_NONE = "There is no such session, or you may not see it. This attempt is recorded."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """What all replay pages share."""

    storage: MongoStorage
    viewers: Viewers
    visits: Visits
    ledger: Ledger
    clock: Clock
    catalog: Callable[[], Catalog]
    public_url: str

    @property
    def root(self) -> str:
        return self.public_url + ROOT

    async def allowed(
        self,
        viewer: Viewer,
        session_id: str,
        what: str,
        rights: frozenset[Right] = ANY,
        *,
        noted: bool = True,
    ) -> tuple[Session, tuple[Hold, ...], Right]:
        """Return a session that may be shown, and the holds in it, once that is in the ledger.

        Where it is part of a page that was noted, `noted` is false. Raises NotFound where it is
        not there, and where the viewer has none of the rights.
        """
        is_id = _ID.fullmatch(session_id) is not None
        session = await self.storage.sessions.get(session_id) if is_id else None
        if session is not None:
            holds = await self._holds(session)
            right = viewer.right_to(session, holds) or await self._by_originals(viewer, session)
            if right in rights:
                if noted:
                    await self.note(viewer, EventKind.REPLAY_SHOWN, what, session.id, right=right)
                return session, holds, right
        known = session.id if session is not None else ""
        await self.note(viewer, EventKind.REPLAY_REFUSED, what, known)
        raise NotFound(_NONE)

    async def _by_originals(self, viewer: Viewer, session: Session) -> Right | None:
        kept = await self.storage.originals.of_session(session.id) if viewer.groups else ()
        return Right.SEALED_FOR if any(map(viewer.may_open, kept)) else None

    async def _holds(self, session: Session) -> tuple[Hold, ...]:
        is_open = session.state is SessionState.OPEN
        entries = await self.storage.ledger.entries(session.id) if is_open else ()
        return await holds_of(self.storage.holds, session, entries)

    async def note(
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
        return await self._of(visit) if visit is not None else None

    async def sender(self) -> Viewer:
        """Return who has sent the form at hand, from a page of ours. Raises BadRequest."""
        return await self._of(await self.visits.sent(REPLAY))

    async def _of(self, visit: BrowserVisit) -> Viewer:
        return await self.viewers.viewer(visit.identity, visit.form)

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


class _WithAccess(Protocol):
    @property
    def access(self) -> Access: ...


Pages = TypeVar("Pages", bound=_WithAccess)
View: TypeAlias = "Callable[Concatenate[Pages, Viewer, P], Awaitable[Response]]"
Page: TypeAlias = "Callable[Concatenate[Pages, P], Awaitable[Response]]"


def for_viewers(view: View[Pages, P]) -> Page[Pages, P]:
    """Make a page for who is signed in; show as a page whatever goes wrong while it is made."""
    return _shown(view, Access.viewer)


def for_senders(view: View[Pages, P]) -> Page[Pages, P]:
    """Make the answer to a form, as `for_viewers` does; nothing is done for one of another site."""
    return _shown(view, Access.sender)


def _shown(
    view: View[Pages, P], who: Callable[[Access], Awaitable[Viewer | None]]
) -> Page[Pages, P]:
    @wraps(view)
    async def shown(self: Pages, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        access = self.access
        try:
            viewer = await who(access)
            if viewer is None:
                return await access.sign_in()
            return await view(self, viewer, *args, **kwargs)
        except AbeyanceError as error:
            _log.warning("replay not shown", reason=str(error))
            status, title, words = in_words(error, REPLAY.undone)
            title = "Not found" if isinstance(error, NotFound) else title
            return await problem(status, title, words, access.root)

    return shown


def before() -> str:
    """Return the id that a page of a list ends before; empty for the first page."""
    given = request.args.get("before", "")
    return given if _ID.fullmatch(given) else ""
