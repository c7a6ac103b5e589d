"""`/replay` in Slack: only auditors, each view and each refusal in the ledger, fail closed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.domain.event import Entry
from app.errors import AbeyanceError, BadRequest, NotPermitted
from app.marking import Marking
from app.replay.reader import Masking, Reader
from app.replay.session_holds import holds_of, own_hold
from app.replay.text_search import Progress, TextSearch, saying
from app.replay.trail import steps
from app.search import parse_filter
from app.storage.ports import HoldStore
from app.storage.record.session_store import SessionStore
from bot.people.auditors import REFUSED
from bot.views import modals
from bot.views.replay.lists import PAGE_SESSIONS, Shelf, faulty, listing, read_filter, searching
from bot.views.replay.session import SessionDecisions, replayed
from policies.approvals.approval import Objection, is_requester
from policies.approvals.membership import AUDITORS

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck

    from app.clock import Clock
    from app.replay.text_search import Content
    from app.search import SessionFilter
    from bot.people.auditors import Auditors
    from bot.people.people import People
    from bot.slack.api import Slack
    from bot.slack.blocks import Block

Body: TypeAlias = dict[str, Any]
_QUERY_LIMIT = 300
_SESSION = re.compile(r"(?P<id>[0-9a-z]{26})(?:\s+(?P<page>\d{1,6}))?")
_TELL_SECONDS = 3.0
_TITLE = "Sessions"
_FAILED = "The record can't be read or written right now, so nothing is shown. Try again later."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Records:
    """What an auditor reads, and writes beside it."""

    sessions: SessionStore
    reader: Reader
    holds: HoldStore
    marking: Marking
    entries: Callable[[str], Awaitable[Sequence[Entry]]]
    """Returns what the ledger has of a session."""


class Auditing:
    """The `/replay` command and the buttons in its modal."""

    def __init__(
        self,
        slack: Slack,
        people: People,
        records: Records,
        auditors: Auditors,
        clock: Clock,
        masking: Masking,
        public_url: str = "",
    ) -> None:
        """`public_url` is where browsers reach the gateway; empty: nowhere."""
        self._auditors = auditors
        self._slack = slack
        self._people = people
        self._sessions, self._holds = records.sessions, records.holds
        self._marking, self._reader = records.marking, records.reader
        self._entries = records.entries
        self._clock = clock
        self._masking = masking
        self._texts = TextSearch(records.sessions, records.reader, self._saying)
        self._searching = asyncio.Semaphore(1)
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

    async def refine(self, ack: AsyncAck, body: Body) -> None:
        """Search again, by what is typed above a list."""
        await self._turn(ack, body, lambda _, value: Shelf(value.strip()[:_QUERY_LIMIT]))

    async def submit(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Search again, where the form is sent."""
        await ack(response_action="update", view=modals.note(_TITLE, "Reading…"))
        shelf = Shelf(read_filter(view).strip()[:_QUERY_LIMIT])
        await self._show(str(view["id"]), shelf, str(body["user"]["id"]))

    async def record(self, ack: AsyncAck, body: Body) -> None:
        """Open the record that a card is about."""
        await ack()
        session = str(body["actions"][0].get("value", ""))
        view_id = await self._slack.open_view(body, modals.note(_TITLE, "Reading…"))
        await self._show(view_id, Shelf("").opened(session), str(body["user"]["id"]))

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

    async def _saying(self, contents: Sequence[Content], text: str) -> list[bool]:
        return await asyncio.to_thread(saying, contents, text, self._masking)

    async def _turn(self, ack: AsyncAck, body: Body, go: Callable[[Shelf, str], Shelf]) -> None:
        await ack()
        view = body["view"]
        shelf = Shelf.read(str(view["private_metadata"]))
        moved = go(shelf, str(body["actions"][0].get("value", "")))
        await self._show(str(view["id"]), moved, str(body["user"]["id"]))

    async def _show(self, view_id: str, shelf: Shelf, user: str) -> None:
        await self._slack.update_view(view_id, await self._view(view_id, shelf, user))

    async def _view(self, view_id: str, shelf: Shelf, user: str) -> Block:
        try:
            what = "session" if shelf.session else "list"
            if not await self._auditors.may_see(
                user, what, shelf.session, query=shelf.query, page=shelf.page
            ):
                return modals.note(_TITLE, REFUSED)
            return await (self._session(shelf) if shelf.session else self._list(shelf, view_id))
        except BadRequest as error:
            return faulty(shelf, str(error))
        except AbeyanceError as error:
            _log.warning("replay not shown", user=user, reason=str(error))
            return modals.note(_TITLE, _FAILED)

    async def _list(self, shelf: Shelf, view_id: str) -> Block:
        wanted = parse_filter(shelf.query, self._clock.now())
        if wanted.text:
            return await self._searched(shelf, wanted, view_id)
        found = await self._sessions.search(wanted, limit=PAGE_SESSIONS + 1, before=shelf.before)
        shown = found[:PAGE_SESSIONS]
        return listing(shelf, shown, shown[-1].id if found[PAGE_SESSIONS:] else "")

    async def _searched(self, shelf: Shelf, wanted: SessionFilter, view_id: str) -> Block:
        """Search for a text, and tell every few seconds how far that has come."""
        async with self._searching:
            now, told = Progress(), 0.0
            found = self._texts.found(wanted, limit=PAGE_SESSIONS, before=shelf.before)
            async for now in found:
                if now.seconds >= told + _TELL_SECONDS and not now.is_over:
                    told = now.seconds
                    await self._slack.update_view(view_id, searching(shelf, now))
        return listing(shelf, now.found, now.last if now.has_more else "", now)

    async def _session(self, shelf: Shelf) -> Block:
        session = await self._sessions.get(shelf.session)
        if session is None:
            return modals.note(_TITLE, f"There is no session {shelf.session}.")
        entries = await self._entries(session.id) if not shelf.page else ()
        holds = await holds_of(self._holds, session, entries)
        hold = own_hold(session, holds)
        shown = await self._reader.shown(session, shelf.page, self._masking)
        marked = await self._marking.of(session.id)
        url = f"{self._pages}/{session.id}" if self._pages else ""
        mask = self._masking(())
        trail = steps(entries, holds, mask)
        reason = mask(hold.reason if hold else session.origin.reason if session.origin else "")
        told = SessionDecisions(holds, marked, trail, reason)
        return replayed(shelf, session, told, shown, url)
