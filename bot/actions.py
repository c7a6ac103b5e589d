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
from bot import modals, phrases, text
from bot.decisions import NotTaken, Word
from policies.approval import Objection

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncRespond

    from app.clock import Clock
    from app.domain.hold import Hold
    from bot.decisions import Decisions, Taken
    from bot.home import Home
    from bot.seal import Seal
    from bot.slack import Slack

Body: TypeAlias = dict[str, Any]
_IN_TIME_SECONDS = 2.0
_SAME_CLICK = timedelta(seconds=10)
FORGED = "This button is not one of mine, or from before my token changed. Use a newer card."
_FAILED = (
    "Something went wrong, so your decision may not count. Look at the card: if it still has "
    "its buttons, please try again."
)
_log = structlog.get_logger(__name__)


class Clicks:
    """The buttons that decide, and the form behind Deny."""

    def __init__(
        self,
        slack: Slack,
        decisions: Decisions,
        seal: Seal,
        clock: Clock,
        home: Home,
    ) -> None:
        self._slack = slack
        self._decisions = decisions
        self._seal = seal
        self._clock = clock
        self._home = home

    async def approve(self, ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        """Take an approval; the card tells that it counts, a private note why it does not."""
        await ack()
        user = user_of(body)
        objection = await self._vote(value_of(body), user, Word(approve=True))
        if objection and body.get("response_url"):
            said = text.words(objection, 1000)
            await respond(text=said, response_type="ephemeral", replace_original=False)
        elif objection:
            said_in_modal = modals.note("Not approved", objection)
            await self._slack.open_view(str(body["trigger_id"]), said_in_modal)
        if (body.get("view") or {}).get("type") == "home":
            await self._home.publish(user)

    async def ask_reason(self, ack: AsyncAck, body: Body) -> None:
        """Open the form first, for the trigger is short-lived; then see whether they may."""
        await ack()
        value = value_of(body)
        form = modals.deny_form(value, short(self._seal.read(value) or ""))
        view_id = await self._slack.open_view(str(body["trigger_id"]), form)
        sentence = await self._objection(value, user_of(body))
        if sentence:
            await self._slack.update_view(view_id, modals.note("Not possible", sentence))

    async def deny(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take a denial; the modal closes, or says why it does not count."""
        word = modals.read_denial(view["state"]["values"])
        async with asyncio.TaskGroup() as tasks:
            vote = self._vote(str(view["private_metadata"]), user_of(body), word)
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

    async def _vote(self, value: str, user: str, word: Word) -> str:
        """Return why the vote does not count, as a sentence; empty where it does."""
        hold_id = self._seal.read(value)
        if hold_id is None:
            return FORGED
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
            return FORGED
        try:
            hold, voter = await self._decisions.look(hold_id, user)
        except AbeyanceError as error:
            return str(error) if isinstance(error, NotFound) else _FAILED
        objection = self._decisions.objection(hold, voter, approve=False)
        return _sentence(hold, objection) if objection else ""


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


def value_of(body: Body) -> str:
    return str(body["actions"][0].get("value", ""))


def user_of(body: Body) -> str:
    return str(body["user"]["id"])
