"""View full: the whole request, masked and paged, for those who may decide on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.domain.event import Event, EventKind
from app.domain.record.session import Side
from app.errors import AbeyanceError
from bot.handlers.decide import FORGED, user_of, value_of
from bot.views import modals
from bot.views.request_pages import PagePosition, page_of_request, request_page
from policies.approvals.approval import may_decide

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.replay.reader import Masking, Reader
    from app.storage.ports import Ledger
    from bot.decisions import Decisions
    from bot.slack.api import Slack
    from bot.slack.blocks import Block
    from bot.slack.button_signer import ButtonSigner
    from policies.approvals.approval import Voter

Body: TypeAlias = dict[str, Any]
_log = structlog.get_logger(__name__)


class Viewing:
    """Each look at a request is in the ledger before the request is shown."""

    def __init__(
        self,
        slack: Slack,
        decisions: Decisions,
        reader: Reader,
        ledger: Ledger,
        signer: ButtonSigner,
        clock: Clock,
        masking: Masking,
    ) -> None:
        self._slack = slack
        self._decisions = decisions
        self._reader = reader
        self._ledger = ledger
        self._signer = signer
        self._clock = clock
        self._masking = masking

    async def view_full(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        opening = modals.note("Request", "Reading…")
        view_id = await self._slack.open_view(body, opening)
        await self._show(view_id, PagePosition(value_of(body), 0), user_of(body))

    async def turn_page(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        await self._show(str(body["view"]["id"]), PagePosition.read(value_of(body)), user_of(body))

    async def _show(self, view_id: str, place: PagePosition, user: str) -> None:
        await self._slack.update_view(view_id, await self._page(place, user))

    async def _page(self, place: PagePosition, user: str) -> Block:
        hold_id = self._signer.read(place.value)
        if hold_id is None:
            return modals.note("Request", FORGED)
        try:
            hold, voter = await self._decisions.look(hold_id, user)
            session = await self._reader.session(hold.session_id)
            may_read = voter.may_break_glass or may_decide(hold, voter, self._clock.now())
            if session is None or not may_read:
                return modals.note("Request", "Only those who may decide can read the request.")
            await self._ledger.append(self._viewed(hold, voter, place.page))
            request = (Side.REQUEST,)
            number = page_of_request(hold, place.page)
            shown = await self._reader.page(session, number, self._masking, request)
        except AbeyanceError as error:
            _log.warning("request not shown", hold=hold_id, user=user, reason=str(error))
            return modals.note("Request", "The request can't be read right now. Try again.")
        return request_page(hold, place.value, shown, place.page)

    def _viewed(self, hold: Hold, voter: Voter, page: int) -> Event:
        data: dict[str, str | int] = {
            "hold": hold.id,
            "what": "prompt",
            "page": page,
            "slack_user": voter.person.slack_user,
            "email": voter.person.email,
        }
        return Event(EventKind.REPLAY_SHOWN, self._clock.now(), hold.session_id, data)
