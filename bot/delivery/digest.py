"""A burst in a channel, in one message: how many cards are still to come, and where the queue is.

It is posted before the cards that wait for their turn, is edited as they become fewer, and goes
when all of them are posted. It mentions the approvers, so those cards do not. Nothing depends on
it, so whatever fails here is only logged.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from app.domain.notice import Notice, NoticeKind
from app.errors import StorageUnavailable
from bot.delivery.channel_queue import Busy
from bot.delivery.messages import DesiredMessage
from bot.slack import blocks, text
from bot.slack.blocks import Button, Message
from bot.slack.failures import SlackRefused, SlackUnavailable
from bot.slack.text import is_user
from bot.views import phrases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.clock import Clock
    from app.storage.ports import NoticeStore
    from bot.delivery.poster import Poster
    from bot.people.approvers import Audience
    from bot.slack.rates import Pace

QUEUE = "queue_open"
_FEWEST = 10
_DAY_SECONDS = 86_400.0
_TRIES = 5
_PASSING = (Busy, SlackRefused, SlackUnavailable, StorageUnavailable)
_log = structlog.get_logger(__name__)


class DigestMessages:
    """`every` says how often one is edited; `posts` and `edits` are those of the poster."""

    def __init__(
        self,
        poster: Poster,
        notices: NoticeStore,
        clock: Clock,
        *,
        every: Pace,
        posts: Pace,
        edits: Pace,
    ) -> None:
        self._poster = poster
        self._notices = notices
        self._clock = clock
        self._every = every
        self._posts = posts
        self._edits = edits
        self._up: dict[str, Audience | None] = {}
        """By channel, whom its digest mentions; None where another bot has posted it."""

    async def standing(self) -> tuple[str, ...]:
        """Return the channels in which a digest stands, from an earlier time."""
        found = await self._notices.of_hold("")
        self._up = {one.target: None for one in found if one.ts or one.leased_until}
        return tuple(self._up)

    async def show(self, target: str, waiting: Sequence[str]) -> None:
        """Say how many holds wait for their cards, where they are many, or were a moment ago."""
        if not waiting or (target not in self._up and len(waiting) < _FEWEST):
            return
        if not self._every.at_once(target):
            return
        if target not in self._up:
            await self._posts.turn(target)
        elif not self._edits.at_once(""):
            return
        since = self._clock.now().timestamp() - _DAY_SECONDS
        try:
            audience = self._up.get(target)
            if audience is None and not is_user(target):
                audience = await self._poster.calling.audience(waiting)
            self._up[target] = audience
            self._poster.calling.mentions.stands(target, audience.ids if audience else ())
            wanted = DesiredMessage(_notice(target), digest(len(waiting), audience))
            await self._poster.stand(await self._stored(target), wanted, since=since)
        except _PASSING as error:
            _log.warning("a digest is out of date", channel=target, reason=str(error))

    async def clear(self, target: str) -> None:
        """Take the digest down: no card waits."""
        for delay in range(_TRIES):
            if target not in self._up:
                return
            try:
                await self._take_down(target)
            except _PASSING as error:
                _log.warning("a digest still stands", channel=target, reason=str(error))
                await asyncio.sleep(delay)
            else:
                self._up.pop(target, None)
                self._poster.calling.mentions.gone(target)

    async def _take_down(self, target: str) -> None:
        stored = await self._stored(target)
        since = self._clock.now().timestamp() - _DAY_SECONDS
        if stored and await self._poster.adopt(stored, target, since=since):
            stored = await self._stored(target)
        if stored and stored.ts:
            await self._poster.take_down(stored)

    async def _stored(self, target: str) -> Notice | None:
        found = await self._notices.of_hold("")
        return next((notice for notice in found if notice.target == target), None)


def digest(waiting: int, audience: Audience | None = None) -> Message:
    """Draw it. Pure."""
    many = f"{waiting} more request{'' if waiting == 1 else 's'} waiting"
    said = text.ours(f"⏳ *{many}*. Cards will be posted one at a time, the oldest first.")
    if audience:
        said = text.join(said, text.ours("\n*Approvers:* "), phrases.called(audience))
    button = Button("Open the queue", QUEUE, "queue")
    drawn = blocks.section(said, button=button)
    return Message(text.ours(f"{many}: open the queue"), (drawn,))


def _notice(target: str) -> Notice:
    return Notice(f"digest:{target}", "", NoticeKind.DIGEST, target)
