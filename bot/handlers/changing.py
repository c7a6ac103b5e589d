"""Change and approve: an approver rewrites a tool call, and so it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.errors import AbeyanceError, NotFound
from bot.handlers.decide import FAILED, FORGED, user_of
from bot.views import modals
from bot.views.calls.change_form import (
    ARGUMENTS,
    Unfit,
    change_form,
    changed,
    is_offered,
    read_form,
)
from policies.approvals.approval import Objection
from policies.approvals.votes import Word
from policies.calls.voting import judge_change

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck

    from bot.decisions import Decisions
    from bot.handlers.decide import Clicks
    from bot.slack.api import Slack
    from bot.slack.blocks import Block
    from bot.slack.button_signer import ButtonSigner

Body: TypeAlias = dict[str, Any]
_TITLE = "Change and approve"
_NO_FORM = (
    "This call is too long to be changed here, or has signs that Slack would not bring back. Deny "
    "it, and say what the agent should do instead."
)
_log = structlog.get_logger(__name__)


class Changing:
    def __init__(
        self, slack: Slack, decisions: Decisions, clicks: Clicks, signer: ButtonSigner
    ) -> None:
        self._slack = slack
        self._decisions = decisions
        self._clicks = clicks
        self._signer = signer

    async def ask(self, ack: AsyncAck, body: Body, value: str) -> None:
        """Open the form; `value` is what the card carries."""
        await ack()
        view_id = await self._slack.open_view(body, modals.note(_TITLE, "Reading…"))
        await self._slack.update_view(view_id, await self._form(value, user_of(body)))

    async def _form(self, value: str, user: str) -> Block:
        hold, objection = await self._clicks.looked(value, user, Word(approve=True))
        if hold is None or objection:
            return modals.note("You can't do that", objection)
        if hold.tool is None or not is_offered(hold):
            editable = hold.tool is not None and hold.tool.editable
            why = _NO_FORM if editable else Objection.NO_CHANGE.value
            return modals.note("You can't do that", why)
        return change_form(hold, hold.tool, value)

    async def approve(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take the changed call as an approval; the form says what is wrong with it."""
        typed, note = read_form(view["state"]["values"])
        word, why = await self._word(str(view["private_metadata"]), typed, note)
        if word is None:
            await ack(response_action="errors", errors={ARGUMENTS: why})
            return
        said = (_TITLE, "The changed call is approved.")
        await self._clicks.submitted(ack, body, view, word, said)

    async def _word(self, value: str, typed: str, note: str) -> tuple[Word | None, str]:
        """Return what was said, or None and what is wrong with it."""
        hold_id = self._signer.read(value)
        if hold_id is None:
            return None, FORGED
        try:
            hold = await self._decisions.find(hold_id)
        except AbeyanceError as error:
            _log.warning("a change is not read", hold=hold_id, reason=str(error))
            return None, str(error) if isinstance(error, NotFound) else FAILED
        if hold.tool is None:
            return None, Objection.NO_CHANGE.value
        try:
            word = Word(approve=True, change=changed(hold.tool, typed), reason=note)
        except Unfit as unfit:
            return None, str(unfit)
        objection = judge_change(hold, word) or self._decisions.unshowable(word)
        return (None, objection.value) if objection else (word, "")
