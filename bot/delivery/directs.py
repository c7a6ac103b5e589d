"""The message to a requester: one for each task, kept up to date from its start to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from app.domain.notice import Notice, NoticeKind
from bot.delivery.messages import DesiredMessage, masked
from bot.views import queries, requester_message
from bot.views.requester_message import RequesterView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from app.domain.hold import Hold
    from app.storage.ports import HoldStore, NoticeStore
    from bot.slack.button_signer import ButtonSigner
    from bot.slack.links import Links


class Directs:
    """`after` is how long a request waits before its requester is told that it does."""

    def __init__(
        self,
        holds: HoldStore,
        notices: NoticeStore,
        links: Links,
        signer: ButtonSigner,
        mask: Callable[[str], str],
        *,
        after: timedelta,
    ) -> None:
        self._holds = holds
        self._notices = notices
        self._links = links
        self._signer = signer
        self._mask = mask
        self._after = after

    def due_in(self, hold: Hold, now: datetime) -> float:
        """Return in how many seconds the requester is told that it is waiting; 0 or less: now."""
        if hold.state is not HoldState.PENDING:
            return 0.0
        return (hold.created_at + self._after - now).total_seconds()

    async def about(
        self, hold: Hold, requester: str, known: Mapping[str, Notice], now: datetime
    ) -> DesiredMessage | None:
        """Return the message about the task of a hold; None as long as there is none due.

        Raises StorageUnavailable.
        """
        task = hold.task or hold.id
        notice = Notice(f"direct:{task}", task, NoticeKind.DIRECT, requester)
        waited = self.due_in(hold, now) <= 0
        if notice.id not in known and not requester_message.due(hold, waited=waited):
            return None
        # The hold as the caller has read it: what came since is told with its next news.
        others = await self._holds.of_task(task) if hold.task else ()
        holds = (*(other for other in others if other.id != hold.id), hold)
        first = min(holds, key=lambda one: one.id)
        message = requester_message.direct(await self._told(holds))
        return DesiredMessage(notice, message, since=first.created_at)

    def calls(self, hold: Hold, direct: Notice) -> list[DesiredMessage]:
        """Return the replies to that message that call the requester to an open question.

        An edit of the message calls nobody.
        """
        return [
            DesiredMessage(
                Notice(name, hold.id, NoticeKind.REPLY, direct.target), message, direct.id
            )
            for name, message in queries.calls(hold, direct.target)
        ]

    async def _told(self, holds: Sequence[Hold]) -> list[RequesterView]:
        cards = await self._notices.cards([hold.id for hold in holds])
        links = {card.hold_id: await self._links.for_all(card) for card in cards}
        return [
            RequesterView(masked(hold, self._mask), self._signer.sign(hold), links.get(hold.id, ""))
            for hold in holds
        ]
