"""What happens on a click: acknowledge within three seconds, decide, tell who clicked.

Slack may deliver a click twice or late, and what it carries may be forged: so each handler
checks everything again, and the database decides.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.domain.hold import HoldState
from app.errors import AbeyanceError, NotFound
from app.ids import short
from app.storage.ports import Event, EventKind
from app.transcript import prompt_turns
from bot import modals, phrases, reading, text
from bot.decisions import NotTaken, Word
from policies.approval import Objection

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt.async_app import AsyncAck, AsyncRespond

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.ports import Ledger, SessionStore
    from bot.blocks import Block
    from bot.decisions import Decisions, Taken
    from bot.seal import Seal
    from bot.slack import Slack
    from policies.approval import Voter

Body: TypeAlias = dict[str, Any]
_IN_TIME_SECONDS = 2.0
_SAME_CLICK = timedelta(seconds=10)
_FORGED = "This button is not one of mine, or from before my token changed. Use a newer card."
_FAILED = "Something went wrong and nothing was decided. Please try again."
_log = structlog.get_logger(__name__)


class Clicks:
    """The buttons of a card and the modals behind them."""

    def __init__(
        self,
        slack: Slack,
        decisions: Decisions,
        sessions: SessionStore,
        ledger: Ledger,
        seal: Seal,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        self._slack = slack
        self._decisions = decisions
        self._sessions = sessions
        self._ledger = ledger
        self._seal = seal
        self._clock = clock
        self._mask = mask

    async def approve(self, ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        """Take an approval; the card tells that it counts, a private note why it does not."""
        await ack()
        objection = await self._vote(_value(body), _user(body), Word(approve=True))
        if objection:
            await respond(
                text=text.words(objection, 1000), response_type="ephemeral", replace_original=False
            )

    async def ask_reason(self, ack: AsyncAck, body: Body) -> None:
        """Open the form first, for the trigger is short-lived; then see whether they may."""
        await ack()
        value = _value(body)
        form = modals.deny_form(value, short(self._seal.read(value) or ""))
        view_id = await self._slack.open_view(str(body["trigger_id"]), form)
        sentence = await self._objection(value, _user(body))
        if sentence:
            await self._slack.update_view(view_id, modals.note("Not possible", sentence))

    async def deny(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take a denial; the modal closes, or says why it does not count."""
        word = modals.read_denial(view["state"]["values"])
        async with asyncio.TaskGroup() as tasks:
            vote = self._vote(str(view["private_metadata"]), _user(body), word)
            deciding = tasks.create_task(vote)
            done, _ = await asyncio.wait({deciding}, timeout=_IN_TIME_SECONDS)
            if not done:
                # Slack would tell them that the app failed: say that it takes longer.
                await ack(response_action="update", view=modals.note("Deny", "Recording…"))
            objection = await deciding
            if not done:
                said = modals.note("Deny", objection or "The request is denied.")
                await self._slack.update_view(str(view["id"]), said)
            elif objection:
                said = modals.note("Not denied", objection)
                await ack(response_action="update", view=said)
            else:
                await ack()

    async def view_full(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        opening = modals.note("Request", "Reading…")
        view_id = await self._slack.open_view(str(body["trigger_id"]), opening)
        await self._show(view_id, modals.Place(_value(body), 0), _user(body))

    async def turn_page(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        await self._show(str(body["view"]["id"]), modals.Place.read(_value(body)), _user(body))

    async def _vote(self, value: str, user: str, word: Word) -> str:
        """Return why the vote does not count, as a sentence; empty where it does."""
        hold_id = self._seal.read(value)
        if hold_id is None:
            return _FORGED
        try:
            result = await self._decisions.vote(hold_id, user, word)
        except AbeyanceError as error:
            _log.warning("vote not taken", hold=hold_id, user=user, reason=str(error))
            return str(error) if isinstance(error, NotFound) else _FAILED
        if self._again(result, user, word):
            return ""
        return _sentence(result.hold, result.objection) if isinstance(result, NotTaken) else ""

    def _again(self, result: Taken | NotTaken, user: str, word: Word) -> bool:
        """Whether this is the same click once more, as Slack delivers some twice."""
        since = self._clock.now() - _SAME_CLICK
        return any(
            vote.by.slack_user == user and vote.approve is word.approve and vote.at >= since
            for vote in result.hold.votes
        )

    async def _objection(self, value: str, user: str) -> str:
        hold_id = self._seal.read(value)
        if hold_id is None:
            return _FORGED
        try:
            hold, voter = await self._decisions.look(hold_id, user)
        except AbeyanceError as error:
            return str(error) if isinstance(error, NotFound) else _FAILED
        objection = self._decisions.objection(hold, voter, approve=False)
        return _sentence(hold, objection) if objection else ""

    async def _show(self, view_id: str, place: modals.Place, user: str) -> None:
        await self._slack.update_view(view_id, await self._page(place, user))

    async def _page(self, place: modals.Place, user: str) -> Block:
        hold_id = self._seal.read(place.value)
        if hold_id is None:
            return modals.note("Request", _FORGED)
        try:
            hold, voter = await self._decisions.look(hold_id, user)
            session = await self._sessions.get(hold.session_id)
            if session is None or not _may_read(hold, voter):
                return modals.note("Request", "Only those who may decide can read the request.")
            await self._ledger.append(self._viewed(hold, voter, place.page))
        except AbeyanceError as error:
            _log.warning("request not shown", hold=hold_id, user=user, reason=str(error))
            return modals.note("Request", "The request can't be read right now. Try again.")
        turns, unread = prompt_turns(session.wire, session.request, self._mask)
        shown = reading.turn_blocks(turns)
        if unread:
            shown.append(reading.unread_note(unread))
        return modals.prompt_view(hold, place, reading.paged(shown))

    def _viewed(self, hold: Hold, voter: Voter, page: int) -> Event:
        data: dict[str, str | int] = {
            "hold": hold.id,
            "what": "prompt",
            "page": page,
            "slack_user": voter.person.slack_user,
            "email": voter.person.email,
        }
        return Event(EventKind.REPLAY_SHOWN, self._clock.now(), hold.session_id, data)


def _may_read(hold: Hold, voter: Voter) -> bool:
    approval = hold.verdict.approval
    return approval is not None and not voter.member_of.isdisjoint(approval.approvers)


def _sentence(hold: Hold, objection: Objection) -> str:
    """Say why not; where somebody was faster, who."""
    name = phrases.name(hold)
    if objection is not Objection.OVER:
        return f"{name}: {objection.value}"
    if hold.state is HoldState.EXPIRED:
        return f"{name}: {Objection.TOO_LATE.value}"
    if not hold.votes:
        return f"{name} was withdrawn."
    last = hold.votes[-1]
    word = "approved" if last.approve else "denied"
    return f"{last.by.name} has {word} {name} already. {objection.value}"


def _value(body: Body) -> str:
    return str(body["actions"][0].get("value", ""))


def _user(body: Body) -> str:
    return str(body["user"]["id"])
