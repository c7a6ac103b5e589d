"""`/replay` in Slack: only auditors, each view and each refusal in the ledger, fail closed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.domain.session import Replay
from app.errors import AbeyanceError, BadRequest
from app.search import parse_filter
from app.storage.ports import Event, EventKind
from app.transcript import transcript
from bot import modals, replay
from bot.people import AUDITORS
from bot.replay import PAGE_SESSIONS, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt.async_app import AsyncAck

    from app.clock import Clock
    from app.storage.ports import HoldStore, Ledger, SessionStore
    from bot.blocks import Block
    from bot.people import People
    from bot.slack import Slack

Body: TypeAlias = dict[str, Any]
_QUERY_LIMIT = 300
_SESSION_ID = re.compile(r"[0-9a-z]{26}")
_TITLE = "Sessions"
_REFUSED = (
    "Only auditors can replay sessions, and you are not in that group. This attempt is recorded. "
    "If you need to see a session, ask an auditor, or have an administrator add you."
)
_FAILED = "The record can't be read or written right now, so nothing is shown. Try again later."
_log = structlog.get_logger(__name__)


class Auditing:
    """The `/replay` command and the buttons in its modal."""

    def __init__(
        self,
        slack: Slack,
        people: People,
        sessions: SessionStore,
        holds: HoldStore,
        ledger: Ledger,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        self._slack = slack
        self._people = people
        self._sessions = sessions
        self._holds = holds
        self._ledger = ledger
        self._clock = clock
        self._mask = mask

    async def command(self, ack: AsyncAck, body: Body) -> None:
        """Answer `/replay`, `/replay <filter>` and `/replay <session id>` in a modal."""
        await ack()
        await self._search(body, str(body.get("text", "")), str(body["user_id"]))

    async def search(self, ack: AsyncAck, body: Body) -> None:
        """Answer what an auditor types in the App Home."""
        await ack()
        asked = str(body["actions"][0].get("value") or "")
        await self._search(body, asked, str(body["user"]["id"]))

    async def _search(self, body: Body, asked: str, user: str) -> None:
        opening = modals.note(_TITLE, "Reading…")
        view_id = await self._slack.open_view(str(body["trigger_id"]), opening)
        asked = asked.strip()[:_QUERY_LIMIT]
        by_id = _SESSION_ID.fullmatch(asked) is not None
        shelf = Shelf("", session=asked) if by_id else Shelf(asked)
        await self._show(view_id, shelf, user)

    async def open(self, ack: AsyncAck, body: Body) -> None:
        await self._turn(ack, body, lambda shelf, value: shelf.opened(value))

    async def older(self, ack: AsyncAck, body: Body) -> None:
        await self._turn(ack, body, lambda shelf, value: shelf.older(value))

    async def newer(self, ack: AsyncAck, body: Body) -> None:
        await self._turn(ack, body, lambda shelf, _: shelf.newer())

    async def listing(self, ack: AsyncAck, body: Body) -> None:
        await self._turn(ack, body, lambda shelf, _: shelf.opened(""))

    async def page(self, ack: AsyncAck, body: Body) -> None:
        await self._turn(ack, body, lambda shelf, value: shelf.at(int(value)))

    async def _turn(self, ack: AsyncAck, body: Body, go: Callable[[Shelf, str], Shelf]) -> None:
        await ack()
        view = body["view"]
        shelf = Shelf.read(str(view["private_metadata"]))
        moved = go(shelf, str(body["actions"][0].get("value", "")))
        await self._show(str(view["id"]), moved, str(body["user"]["id"]))

    async def _show(self, view_id: str, shelf: Shelf, user: str) -> None:
        await self._slack.update_view(view_id, await self._view(shelf, user))

    async def _view(self, shelf: Shelf, user: str) -> Block:
        try:
            if not await self._may(shelf, user):
                return modals.note(_TITLE, _REFUSED)
            return await (self._session(shelf) if shelf.session else self._list(shelf))
        except BadRequest as error:
            return modals.note(_TITLE, str(error))
        except AbeyanceError as error:
            _log.warning("replay not shown", user=user, reason=str(error))
            return modals.note(_TITLE, _FAILED)

    async def _may(self, shelf: Shelf, user: str) -> bool:
        """Read the right anew, and record what comes of it before anything is shown."""
        voter = await self._people.voter(user, [AUDITORS])
        allowed = AUDITORS in voter.member_of
        data: dict[str, str | int] = {
            "slack_user": user,
            "email": voter.person.email,
            "what": "session" if shelf.session else "list",
            "query": self._mask(shelf.query),
            "page": shelf.page,
        }
        kind = EventKind.REPLAY_SHOWN if allowed else EventKind.REPLAY_REFUSED
        await self._ledger.append(Event(kind, self._clock.now(), shelf.session, data))
        return allowed

    async def _list(self, shelf: Shelf) -> Block:
        wanted = parse_filter(shelf.query, self._clock.now())
        found = await self._sessions.search(wanted, limit=PAGE_SESSIONS + 1, before=shelf.before)
        return replay.listing(shelf, found[:PAGE_SESSIONS], more=len(found) > PAGE_SESSIONS)

    async def _session(self, shelf: Shelf) -> Block:
        session = await self._sessions.get(shelf.session)
        if session is None:
            return modals.note(_TITLE, f"There is no session {shelf.session}.")
        hold = await self._holds.get(session.hold_id) if session.hold_id else None
        told = Replay(session, hold, await self._sessions.chunks(session.id))
        return replay.replayed(shelf, told, transcript(told, self._mask))
