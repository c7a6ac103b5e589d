"""Questions to the requester: an approver asks from the card, the requester replies in Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.errors import AbeyanceError, NotFound
from app.ids import short
from bot.handlers.decide import FORGED, in_time, sentence_of, user_of, value_of
from bot.views import modals, queries
from bot.views.queries import QuestionRef
from policies.approvals.approval import Objection
from policies.approvals.queries import objection_to_answering, objection_to_asking

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from slack_bolt.async_app import AsyncAck

    from app.clock import Clock
    from app.domain.hold import Hold
    from bot.decisions import Decisions
    from bot.people.linking import Linking, Offer
    from bot.people.people import People
    from bot.querying import Querying
    from bot.slack.api import Slack
    from bot.slack.blocks import Block
    from bot.slack.button_signer import ButtonSigner
    from policies.approvals.approval import Voter

Body: TypeAlias = dict[str, Any]
_FAILED = "Something went wrong, so nothing was sent. Please try again."
_UNREACHABLE = (
    "I can't reach the requester in Slack: it's a CI job, or I find no account with their address."
)
_EMPTY = "Nothing was entered, so nothing was sent."
_log = structlog.get_logger(__name__)


class Queries:
    def __init__(
        self,
        slack: Slack,
        people: People,
        decisions: Decisions,
        querying: Querying,
        linking: Linking,
        signer: ButtonSigner,
        clock: Clock,
    ) -> None:
        self._slack = slack
        self._people = people
        self._decisions = decisions
        self._querying = querying
        self._linking = linking
        self._signer = signer
        self._clock = clock

    async def ask_form(self, ack: AsyncAck, body: Body, value: str) -> None:
        """Open the form for a question; `value` is what the card carries."""
        await ack()
        form = queries.ask_form(value, short(self._signer.read(value) or ""))
        view_id = await self._slack.open_view(body, form)
        if why := await _why_not(self._may_ask(value, user_of(body))):
            await self._slack.update_view(view_id, modals.note("You can't do that", why))

    async def ask(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take a question; the modal closes, or says why it was not asked."""
        said = queries.read_question(view["state"]["values"])
        work = _why_not(self._ask(str(view["private_metadata"]), user_of(body), said))
        await in_time(self._slack, ack, view, work, ("Ask the requester", "It was asked."))

    async def reply_form(self, ack: AsyncAck, body: Body) -> None:
        """Open the form for an answer."""
        await ack()
        spelt, user = value_of(body), user_of(body)
        view_id = await self._slack.open_view(body, modals.note("Reply", "Reading…"))
        form: list[Block] = []

        async def draw() -> None:
            hold, _, number = await self._may_answer(spelt, user)
            form.append(queries.reply_form(spelt, hold, hold.queries[number]))

        why = await _why_not(draw())
        await self._slack.update_view(view_id, form[0] if form else modals.note("Reply", why))

    async def reply(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take an answer; the modal closes, or says why it was not taken."""
        said = queries.read_answer(view["state"]["values"])
        work = _why_not(self._answer(str(view["private_metadata"]), user_of(body), said))
        await in_time(self._slack, ack, view, work, ("Reply", "Your answer is on the card."))

    async def _ask(self, value: str, user: str, said: str) -> None:
        hold, voter = await self._may_ask(value, user)
        if not said:
            raise _NotSent(_EMPTY)
        await self._object(hold, await self._querying.ask(hold, voter, said), user)

    async def _answer(self, spelt: str, user: str, said: str) -> None:
        hold, voter, number = await self._may_answer(spelt, user)
        if not said:
            raise _NotSent(_EMPTY)
        await self._object(hold, await self._querying.answer(hold, voter, number, said), user)

    async def _may_ask(self, value: str, user: str) -> tuple[Hold, Voter]:
        """Return the hold, and who they are. Raises _NotSent, NotFound and as Slack does."""
        hold, voter = await self._look(value, user)
        await self._object(hold, objection_to_asking(hold, voter, self._clock.now()), user)
        if not await self._people.slack_user(hold.requester.email):
            raise _NotSent(_UNREACHABLE)
        return hold, voter

    async def _may_answer(self, spelt: str, user: str) -> tuple[Hold, Voter, int]:
        """Return the hold, who they are, and the number of the question. Raises as above."""
        try:
            asked = QuestionRef.read(spelt)
        except ValueError:
            raise _NotSent(FORGED) from None
        hold, voter = await self._look(asked.value, user)
        objection = objection_to_answering(hold, voter, asked.number, self._clock.now())
        await self._object(hold, objection, user)
        return hold, voter, asked.number

    async def _look(self, value: str, user: str) -> tuple[Hold, Voter]:
        hold_id = self._signer.read(value)
        if hold_id is None:
            raise _NotSent(FORGED)
        return await self._decisions.look(hold_id, user)

    async def _object(self, hold: Hold, objection: Objection | None, user: str) -> None:
        if objection is Objection.UNVERIFIED:
            raise _NotSent(await self._linking.offer(user))
        if objection:
            raise _NotSent(sentence_of(hold, objection))


class _NotSent(Exception):
    """`said` is why a question or an answer is not taken, for its writer to read."""

    def __init__(self, said: str | Offer) -> None:
        super().__init__(said)
        self.said = said


async def _why_not(work: Coroutine[Any, Any, object]) -> str | Offer:
    """Do something; return why it could not be done, or nothing."""
    try:
        await work
    except _NotSent as why:
        return why.said
    except AbeyanceError as error:
        _log.warning("a question or an answer is not taken", reason=str(error))
        return str(error) if isinstance(error, NotFound) else _FAILED
    return ""
