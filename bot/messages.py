"""Which messages should stand in Slack about a hold, and what each says. Posts nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from app.storage.ports import Notice, NoticeKind
from bot import cards, directs
from bot.blocks import Message
from bot.slack import SlackRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from app.domain.hold import Hold
    from bot.people import People
    from bot.seal import Seal

_log = structlog.get_logger(__name__)
_NOT_IN_SLACK = "The requester is not known in Slack, so I can't tell them there."
_NO_ADDRESS = "The requester has no address that I could tell the outcome to."


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that should stand, by the notice that makes it exist once.

    `reply_to` is the id of the notice in whose thread it is said; a reply is posted once and
    never edited. Whatever else is posted is kept up to date.
    """

    notice: Notice
    message: Message
    reply_to: str = ""


class Messages:
    """`mask` takes secrets out of what callers wrote; excerpts and votes come masked."""

    def __init__(
        self, people: People, seal: Seal, *, mask: Callable[[str], str], channel: str
    ) -> None:
        self._people = people
        self._seal = seal
        self._mask = mask
        self._channel = channel

    async def about(self, hold: Hold, known: Container[str]) -> tuple[Wanted, ...]:
        """Return what should stand now, a card before its replies; `known` are notices' ids.

        Raises SlackUnavailable.
        """
        requester = await self._requester(hold)
        shown = self._masked(hold)
        wanted = [self._card(shown, requester)]
        direct = Notice(f"direct:{hold.id}", hold.id, NoticeKind.DIRECT, requester)
        if requester and (direct.id in known or directs.due(hold)):
            wanted.append(Wanted(direct, directs.direct(shown)))
        return tuple(wanted)

    def _card(self, hold: Hold, requester: str) -> Wanted:
        notice = Notice(f"card:{hold.id}", hold.id, NoticeKind.CARD, self._channel)
        warning = _warning(hold, requester)
        value = self._seal.stamp(hold)
        return Wanted(notice, cards.card(hold, requester=requester, value=value, warning=warning))

    async def _requester(self, hold: Hold) -> str:
        try:
            return await self._people.slack_user(hold.requester.email)
        except SlackRefused as refused:
            _log.warning("requester can't be looked up in Slack", reason=refused.code)
            return ""

    def _masked(self, hold: Hold) -> Hold:
        reason, model = self._mask(hold.reason), self._mask(hold.model)
        return replace(hold, reason=reason, model=model, path=self._mask(hold.path))


def _warning(hold: Hold, requester: str) -> str:
    if requester:
        return ""
    return _NOT_IN_SLACK if hold.requester.email else _NO_ADDRESS
