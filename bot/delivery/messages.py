"""Which messages should stand in Slack about a hold, and what each says. Posts nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from app.domain.hold import HoldState
from app.domain.identity import IdentityKind
from app.domain.notice import Notice, NoticeKind
from bot.delivery.channels import DIRECT
from bot.people.approvers import Audience
from bot.slack.blocks import Message
from bot.slack.failures import SlackRefused
from bot.slack.text import is_user
from bot.views import cards, queries, thread_replies
from policies.approvals.approval import concerned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.domain.hold import Hold
    from bot.delivery.channels import Places
    from bot.delivery.directs import Directs
    from bot.delivery.habits import Habits
    from bot.people.approvers import Approvers
    from bot.people.people import People
    from bot.slack.button_signer import ButtonSigner

_MOST_DIRECT = 10
UNANSWERED = (HoldState.EXPIRED, HoldState.WITHDRAWN)
"""How a hold may end before its card is posted: then a card would ask nobody anything."""
_FORGOTTEN = timedelta(days=300)
"""Of what ended so long ago nothing is posted: its notices may have ended (see `KEPT`)."""
_log = structlog.get_logger(__name__)
_NOT_IN_SLACK = "The requester is not known in Slack, so I can't tell them there."
_NO_ADDRESS = "The requester has no address that I could tell the outcome to."


@dataclass(frozen=True, slots=True)
class DesiredMessage:
    """A message that should stand, by the notice that makes it exist once.

    `reply_to` is the id of the notice in whose thread it is said; a reply is posted once and
    never edited. Whatever else is posted is kept up to date.
    """

    notice: Notice
    message: Message
    reply_to: str = ""
    late: bool = False
    """Not to be posted any more: only what may have been posted is brought up to date."""
    since: datetime | None = None
    """When it can have been posted first; None: when the hold was opened."""


class Messages:
    """`mask` takes secrets out of what callers wrote; excerpts and votes come masked."""

    def __init__(
        self,
        people: People,
        approvers: Approvers,
        signer: ButtonSigner,
        directs: Directs,
        habits: Habits,
        *,
        mask: Callable[[str], str],
        places: Places,
    ) -> None:
        self._people = people
        self._directs = directs
        self._habits = habits
        self._approvers = approvers
        self._signer = signer
        self._mask = mask
        self._places = places

    def requester_told_in(self, hold: Hold, now: datetime) -> float:
        """Return in how many seconds the requester is told that it is waiting; 0 or less: now."""
        return self._directs.due_in(hold, now)

    async def about(
        self, hold: Hold, known: Mapping[str, Notice], now: datetime
    ) -> tuple[DesiredMessage, ...]:
        """Return what should stand now, a card before its replies; `known` are its notices.

        Nothing where it ended so long ago that its notices are not stored any more.

        Raises SlackUnavailable, SlackRefused or StorageUnavailable.
        """
        if not known and not hold.state.open and now - hold.created_at > _FORGOTTEN:
            return ()
        requester = await self._requester(hold)
        shown = masked(hold, self._mask)
        wanted: list[DesiredMessage] = []
        for place in await self._where(hold):
            card = await self._card(shown, requester, place, known)
            wanted += [card, *await self._replies(shown, card.notice, known)]
        if (said := thread_replies.loud(shown)) and self._places.audit:
            notice = Notice(f"glass:{hold.id}", hold.id, NoticeKind.AUDIT, self._places.audit)
            wanted.append(DesiredMessage(notice, said))
        if requester and (direct := await self._directs.about(hold, requester, known, now)):
            wanted += [direct, *self._directs.calls(shown, direct.notice)]
        return tuple(wanted)

    async def _where(self, hold: Hold) -> tuple[str, ...]:
        """Name the channel of the hold, or the people who are asked each by themselves."""
        approval = hold.verdict.approval
        place = self._places.of(hold)
        if place != DIRECT or approval is None:
            return (place,)
        asked = [await self._approvers.members(name, hold) for name in concerned(hold)]
        requester = await self._people.slack_user(hold.requester.email)
        people = sorted(frozenset[str]().union(*asked) - {requester})
        return tuple(people[:_MOST_DIRECT]) or (self._places.channel,)

    async def audience(self, holds: Iterable[Hold]) -> Audience:
        """Return whom one message about several holds mentions.

        Raises SlackUnavailable.
        """
        ids: dict[str, None] = {}
        quiet: dict[str, None] = {}
        for hold in holds:
            audience = await self._audience(hold)
            ids |= dict.fromkeys(audience.ids)
            quiet |= dict.fromkeys(audience.quiet)
        return Audience(tuple(ids), tuple(quiet))

    async def _audience(self, hold: Hold) -> Audience:
        approval = hold.verdict.approval
        names = (*approval.approvers, *approval.each_of) if approval else ()
        try:
            return await self._approvers.audience(names, hold)
        except SlackRefused as refused:
            _log.warning("approvers can't be mentioned", hold=hold.id, reason=refused.code)
            return Audience()

    async def _card(
        self, hold: Hold, requester: str, place: str, known: Mapping[str, Notice]
    ) -> DesiredMessage:
        name = f"card:{hold.id}:{place}" if is_user(place) else f"card:{hold.id}"
        calls = hold.state is HoldState.PENDING and name in known and known[name].calls
        message = cards.card(
            hold,
            requester=requester,
            value=self._signer.sign(hold),
            audience=await self._audience(hold) if calls else None,
            warning=_warning(hold, requester),
            glass=self._approvers.glass,
            habit=hold.state is HoldState.PENDING and await self._habits.has(hold),
        )
        late = hold.state in UNANSWERED and not hold.votes
        return DesiredMessage(Notice(name, hold.id, NoticeKind.CARD, place), message, late=late)

    async def _replies(
        self, hold: Hold, card: Notice, known: Mapping[str, Notice]
    ) -> list[DesiredMessage]:
        """Return what is to be said in the thread; what was said already is left out."""
        approval = hold.verdict.approval
        posted = {name for name, notice in known.items() if notice.ts}
        said = dict(thread_replies.broken_glass(hold))
        if approval and hold.reminded_at and f"remind:{card.id}" not in posted:
            said["remind"] = thread_replies.reminder(hold, await self._audience(hold))
        if approval and hold.escalated_at and f"escalate:{card.id}" not in posted:
            further = await self._approvers.audience(approval.escalate_to, hold)
            said["escalate"] = thread_replies.escalation(hold, further)
        said |= queries.answers(hold)
        return [
            DesiredMessage(
                Notice(f"{what}:{card.id}", hold.id, NoticeKind.REPLY, card.target),
                message,
                card.id,
            )
            for what, message in said.items()
        ]

    async def _requester(self, hold: Hold) -> str:
        try:
            return await self._people.slack_user(hold.requester.email)
        except SlackRefused as refused:
            _log.warning("requester can't be looked up in Slack", reason=refused.code)
            return ""


def masked(hold: Hold, mask: Callable[[str], str]) -> Hold:
    """Return the hold as it may be shown."""
    return replace(hold, reason=mask(hold.reason), model=mask(hold.model), path=mask(hold.path))


def _warning(hold: Hold, requester: str) -> str:
    if requester or hold.requester.kind is IdentityKind.WORKLOAD:
        return ""
    return _NOT_IN_SLACK if hold.requester.email else _NO_ADDRESS
