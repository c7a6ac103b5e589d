"""`/replay` in Slack: only auditors, each view and each refusal in the ledger, fail closed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.domain.event import Event, EventKind
from app.errors import AbeyanceError, BadRequest, NotPermitted
from app.reader import Masking, Reader
from app.search import parse_filter
from app.storage.ports import HoldStore
from app.storage.record.session_store import SessionStore
from bot.marking import Marking
from bot.views import modals, replay_pages
from bot.views.replay_pages import PAGE_SESSIONS, Shelf
from policies.approvals.approval import Objection, is_requester
from policies.approvals.membership import AUDITORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt.async_app import AsyncAck

    from app.clock import Clock
    from app.storage.ports import Ledger
    from bot.people.people import People
    from bot.slack.api import Slack
    from bot.slack.blocks import Block

Body: TypeAlias = dict[str, Any]
_QUERY_LIMIT = 300
_SESSION = re.compile(r"(?P<id>[0-9a-z]{26})(?:\s+(?P<page>\d{1,6}))?")
_TITLE = "Sessions"
_REFUSED = (
    "Only auditors can replay sessions, and you are not in that group. This attempt is recorded. "
    "If you need to see a session, ask an auditor, or have an administrator add you."
)
_FAILED = "The record can't be read or written right now, so nothing is shown. Try again later."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Records:
    """What an auditor reads, and writes beside it."""

    sessions: SessionStore
    reader: Reader
    holds: HoldStore
    marking: Marking


class Auditing:
    """The `/replay` command and the buttons in its modal."""

    def __init__(
        self,
        slack: Slack,
        people: People,
        records: Records,
        ledger: Ledger,
        clock: Clock,
        masking: Masking,
        public_url: str = "",
    ) -> None:
        """`public_url` is where browsers reach the gateway; empty: nowhere."""
        self._slack = slack
        self._people = people
        self._sessions, self._holds = records.sessions, records.holds
        self._marking, self._reader = records.marking, records.reader
        self._ledger = ledger
        self._clock = clock
        self._masking = masking
        self._pages = f"{public_url}/-/replay" if public_url else ""

    async def command(self, ack: AsyncAck, body: Body) -> None:
        """Answer `/replay`, `/replay <filter>` and `/replay <session id> <page>` in a modal."""
        await ack()
        await self._search(body, str(body.get("text", "")), str(body["user_id"]))

    async def search(self, ack: AsyncAck, body: Body) -> None:
        """Answer what an auditor types in the App Home."""
        await ack()
        asked = str(body["actions"][0].get("value") or "")
        await self._search(body, asked, str(body["user"]["id"]))

    async def _search(self, body: Body, asked: str, user: str) -> None:
        opening = modals.note(_TITLE, "Reading…")
        view_id = await self._slack.open_view(body, opening)
        asked = asked.strip()[:_QUERY_LIMIT]
        shelf = Shelf(asked)
        if named := _SESSION.fullmatch(asked):
            shelf = Shelf("").opened(named["id"]).at(int(named["page"] or 1) - 1)
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

    async def mark(self, ack: AsyncAck, body: Body) -> None:
        """Note that a rule should not have fired."""
        await ack()
        await self._say(body, wrong=True)

    async def unmark(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        await self._say(body, wrong=False)

    async def _say(self, body: Body, *, wrong: bool) -> None:
        view, user = body["view"], str(body["user"]["id"])
        shelf = Shelf.read(str(view["private_metadata"]))
        rule = str(body["actions"][0].get("value", ""))
        try:
            await self._marked(shelf.session, rule, user, wrong=wrong)
        except NotPermitted as why:
            await self._slack.update_view(str(view["id"]), modals.note(_TITLE, str(why)))
            return
        except AbeyanceError as error:
            _log.warning("rule not marked", user=user, reason=str(error))
            await self._slack.update_view(str(view["id"]), modals.note(_TITLE, _FAILED))
            return
        await self._show(str(view["id"]), shelf, user)

    async def _marked(self, session_id: str, rule: str, user: str, *, wrong: bool) -> None:
        """Mark it, or take that back; who is no auditor is told so by the view that follows.

        Raises NotPermitted where it is their own request.
        """
        voter = await self._people.voter(user, [AUDITORS])
        session = await self._sessions.get(session_id)
        known = session is not None and rule in session.fired_rules
        if session is None or not known or AUDITORS not in voter.member_of:
            return
        if is_requester(session.identity, voter):
            raise NotPermitted(Objection.OWN_RULES.value)
        await self._marking.say(session, rule, voter.person, wrong=wrong)

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
            "query": self._masking((shelf.query,))(shelf.query),
            "page": shelf.page,
        }
        kind = EventKind.REPLAY_SHOWN if allowed else EventKind.REPLAY_REFUSED
        await self._ledger.append(Event(kind, self._clock.now(), shelf.session, data))
        return allowed

    async def _list(self, shelf: Shelf) -> Block:
        wanted = parse_filter(shelf.query, self._clock.now())
        found = await self._sessions.search(wanted, limit=PAGE_SESSIONS + 1, before=shelf.before)
        return replay_pages.listing(shelf, found[:PAGE_SESSIONS], more=len(found) > PAGE_SESSIONS)

    async def _session(self, shelf: Shelf) -> Block:
        session = await self._sessions.get(shelf.session)
        if session is None:
            return modals.note(_TITLE, f"There is no session {shelf.session}.")
        hold = await self._holds.get(session.hold_id) if session.hold_id else None
        shown = await self._reader.page(session, shelf.page, self._masking)
        marked = await self._marking.of(session.id)
        url = f"{self._pages}/{session.id}" if self._pages else ""
        return replay_pages.replayed(shelf, session, hold, shown, marked, url)
