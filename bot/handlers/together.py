"""Review together: several waiting requests of one person, decided one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.errors import AbeyanceError
from app.ids import short
from bot.handlers.decide import FORGED, user_of, value_of
from bot.people.linking import Offer
from bot.views import modals, together

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck

    from bot.handlers.decide import Clicks
    from bot.handlers.home import Home
    from bot.slack.api import Slack
    from bot.slack.blocks import Block
    from bot.slack.button_signer import ButtonSigner
    from policies.approvals.votes import Word

Body: TypeAlias = dict[str, Any]
_TITLE = "Review together"
_FAILED = "I can't look that up right now. Please try again in a moment."
_log = structlog.get_logger(__name__)


class Together:
    """Each request is voted on as by a click on its card: same rights, quorum and record."""

    def __init__(self, slack: Slack, clicks: Clicks, home: Home, signer: ButtonSigner) -> None:
        self._slack = slack
        self._clicks = clicks
        self._home = home
        self._signer = signer

    async def open(self, ack: AsyncAck, body: Body) -> None:
        """Open the form for what the requester of one hold has waiting for this reader."""
        await ack()
        view_id = await self._slack.open_view(body, modals.note(_TITLE, "Reading…"))
        await self._slack.update_view(view_id, await self._form(value_of(body), user_of(body)))

    async def _form(self, value: str, user: str) -> Block:
        hold_id = self._signer.read(value)
        if hold_id is None:
            return modals.note(_TITLE, FORGED)
        try:
            holds = await self._home.beside(hold_id, user)
        except AbeyanceError as error:
            _log.warning("requests are not reviewed together", user=user, reason=str(error))
            return modals.note(_TITLE, _FAILED)
        if not holds:
            return modals.note(_TITLE, "None of these requests is waiting for you any more.")
        return together.form(holds)

    async def decide(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Vote on each request that was chosen, and tell what became of it."""
        ballot = together.read(view["state"]["values"])
        if not (ballot.word.approve or ballot.word.reason):
            await ack(response_action="errors", errors=together.NO_REASON)
            return
        await ack(response_action="update", view=modals.note(_TITLE, "Recording…"))
        user = user_of(body)
        said = [await self._vote(value, user, ballot.word) for value in ballot.values]
        await self._slack.update_view(str(view["id"]), together.result(ballot.word, said))
        await self._home.publish(user)

    async def _vote(self, value: str, user: str, word: Word) -> together.RequestOutcome:
        """Vote on one request. What was approved a moment before may have let it go on."""
        why = await self._clicks.vote(value, user, word)
        sentence = why.sentence if isinstance(why, Offer) else why
        covered = bool(why) and word.approve and await self._clicks.is_covered(value)
        return together.RequestOutcome(
            short(self._signer.read(value) or ""), sentence, covered=covered
        )
