"""Brings what Slack shows in line with a hold: each message once, and never an old one last.

A notice in the storage stands for a message. It is leased before a call to Slack, and the
result is accepted only from whoever holds the latest lease. A process that dies between the
call and the record makes the message come twice at worst, never not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from app.storage.ports import Notice, NoticeKind
from bot import cards, directs
from bot.slack import Posted, SlackRefused, SlackUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.ports import NoticeStore
    from bot.blocks import Message
    from bot.pace import Pace
    from bot.people import People
    from bot.seal import Seal
    from bot.slack import Slack

# Longer than an update and a post may take together, with their one retry.
_LEASE = timedelta(seconds=45)
_FINISH_SECONDS = 10.0
_log = structlog.get_logger(__name__)
_NOT_IN_SLACK = "The requester is not known in Slack, so I can't tell them there."
_NO_ADDRESS = "The requester has no address that I could tell the outcome to."


class Busy(Exception):
    """Another bot is about the same message right now: look again soon."""


class Poster:
    """Posts and updates cards and direct messages."""

    def __init__(  # noqa: PLR0913 - the composition root names each of them
        self,
        slack: Slack,
        notices: NoticeStore,
        people: People,
        seal: Seal,
        clock: Clock,
        *,
        mask: Callable[[str], str],
        channel: str,
        posts: Pace,
        updates: Pace,
    ) -> None:
        self._slack = slack
        self._notices = notices
        self._people = people
        self._seal = seal
        self._clock = clock
        self._mask = mask
        self._channel = channel
        self._posts = posts
        self._updates = updates
        self._under_way = 0
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def reconcile(self, hold: Hold) -> None:
        """Make every message about the hold say how it stands. Does nothing where it does.

        Raises Busy, SlackUnavailable, SlackRefused or StorageUnavailable: try again later.
        """
        requester = await self._requester(hold)
        shown = self._masked(hold)
        card, direct = _notices(hold, self._channel, requester)
        known = {notice.id: notice for notice in await self._notices.of_hold(hold.id)}
        trouble: Exception | None = None
        try:
            await self._bring(known.get(card.id), card, self._card(shown, requester))
        except (Busy, SlackUnavailable, SlackRefused) as error:
            # A channel that is not there must not keep the requester from hearing the end.
            trouble = error
        if requester and (direct.id in known or directs.due(hold)):
            await self._bring(known.get(direct.id), direct, directs.direct(shown))
        if trouble:
            raise trouble

    async def _requester(self, hold: Hold) -> str:
        try:
            return await self._people.slack_user(hold.requester.email)
        except SlackRefused as refused:
            _log.warning("requester can't be looked up in Slack", reason=refused.code)
            return ""

    def _masked(self, hold: Hold) -> Hold:
        """Mask what callers write into a hold; excerpts and reasons of votes come masked."""
        reason, model = self._mask(hold.reason), self._mask(hold.model)
        return replace(hold, reason=reason, model=model, path=self._mask(hold.path))

    async def finish(self) -> None:
        """Post nothing more, and wait until what is posted right now is recorded as posted."""
        self._closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_SECONDS):
                await self._idle.wait()

    def _card(self, hold: Hold, requester: str) -> Message:
        return cards.card(
            hold,
            requester=requester,
            value=self._seal.stamp(hold),
            warning=_warning(hold, requester),
        )

    async def _bring(self, stored: Notice | None, wanted: Notice, message: Message) -> None:
        known = stored or await self._notices.ensure(wanted)
        if known.shown == message.fingerprint:
            return
        # First what may take long, then the lease, so that nothing outlasts it.
        channel = known.channel or await self._where(known)
        pace, key = (self._updates, "") if known.ts else (self._posts, channel)
        await pace.turn(key)
        if self._closing:
            raise Busy(known.id)
        with self._working():
            await self._post(known, channel, message, pace, key)

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _post(
        self, known: Notice, channel: str, message: Message, pace: Pace, key: str
    ) -> None:
        now = self._clock.now()
        leased = await self._notices.lease(known, now=now, until=now + _LEASE)
        if leased is None:
            raise Busy(known.id)
        try:
            posted = await self._show(leased, channel, message)
        except (SlackUnavailable, SlackRefused) as error:
            if isinstance(error, SlackUnavailable) and error.retry_after:
                _hold_back(pace, key, error.retry_after)
            await self._record(leased, Posted(known.channel, known.ts), known.shown)
            raise
        await self._record(leased, posted, message.fingerprint)

    async def _record(self, leased: Notice, posted: Posted, shown: str) -> None:
        await self._notices.record(leased, channel=posted.channel, ts=posted.ts, shown=shown)

    async def _show(self, notice: Notice, channel: str, message: Message) -> Posted:
        if notice.ts:
            posted = Posted(channel, notice.ts)
            try:
                await self._slack.update(posted, message)
            except SlackRefused as refused:
                if refused.code != "message_not_found":
                    raise
                # Somebody deleted it: what is to be said is said again.
            else:
                return posted
        return await self._slack.post(channel, message, about=notice.hold_id)

    async def _where(self, notice: Notice) -> str:
        if notice.kind is NoticeKind.DIRECT:
            return await self._slack.direct_channel(notice.target)
        return notice.target


def _notices(hold: Hold, channel: str, requester: str) -> tuple[Notice, Notice]:
    """Name the two messages that a hold may have; the id makes each exist once."""
    return (
        Notice(f"card:{hold.id}", hold.id, NoticeKind.CARD, channel),
        Notice(f"direct:{hold.id}", hold.id, NoticeKind.DIRECT, requester),
    )


def _warning(hold: Hold, requester: str) -> str:
    if requester:
        return ""
    return _NOT_IN_SLACK if hold.requester.email else _NO_ADDRESS


def _hold_back(pace: Pace, key: str, seconds: float) -> None:
    pace.hold_back(key, asyncio.get_running_loop().time() + seconds)
