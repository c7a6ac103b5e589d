"""The requester's side: withdraw what waits, and say why before asking again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.errors import AbeyanceError, NotFound
from bot.handlers.decide import FAILED, FORGED, tell, user_of, value_of
from bot.slack import text
from bot.views import modals
from policies.approvals.approval import is_requester

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt.async_app import AsyncAck, AsyncRespond

    from app.clock import Clock
    from app.storage.registers import StatementStore
    from bot.decisions import Decisions
    from bot.slack.api import Slack
    from bot.slack.button_signer import ButtonSigner

Body: TypeAlias = dict[str, Any]
_NOT_YOURS = "Only the requester can do that."
_NOTED = (
    "Noted. Now send the same request again from where you sent it: its card will show what you "
    "wrote. It is kept for a day."
)
_log = structlog.get_logger(__name__)


class Asking:
    """The buttons of a requester's direct message."""

    def __init__(
        self,
        slack: Slack,
        decisions: Decisions,
        statements: StatementStore,
        signer: ButtonSigner,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        self._slack = slack
        self._decisions = decisions
        self._statements = statements
        self._signer = signer
        self._clock = clock
        self._mask = mask

    async def withdraw(self, ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        await ack()
        hold_id = self._signer.read(value_of(body))
        try:
            why = await self._decisions.withdraw(hold_id, user_of(body)) if hold_id else FORGED
        except AbeyanceError as error:
            _log.warning("not withdrawn", hold=hold_id, reason=str(error))
            why = str(error) if isinstance(error, NotFound) else FAILED
        if why:
            await tell(self._slack, body, respond, "Not withdrawn", why)

    async def again(self, ack: AsyncAck, body: Body) -> None:
        """Open the form that asks for a reason."""
        await ack()
        await self._slack.open_view(body, modals.again_form(value_of(body)))

    async def state(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Keep the reason for the next time that the same request is held."""
        said = modals.read_reason(view["state"]["values"])
        try:
            told = await self._keep(str(view["private_metadata"]), user_of(body), said)
        except AbeyanceError as error:
            _log.warning("a reason is not kept", reason=str(error))
            told = FAILED
        await ack(response_action="update", view=modals.note("Request again", told))

    async def _keep(self, value: str, user: str, said: str) -> str:
        hold_id = self._signer.read(value)
        if hold_id is None:
            return FORGED
        hold, voter = await self._decisions.look(hold_id, user)
        if not is_requester(hold.requester, voter):
            return _NOT_YOURS
        reason = self._mask(text.one_line(said))
        await self._statements.put(hold.key, reason, self._clock.now())
        return _NOTED
