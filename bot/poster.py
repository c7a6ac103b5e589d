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

from app.storage.ports import NoticeKind
from bot.slack import Posted, SlackRefused, SlackUnavailable
from bot.text import is_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.ports import Notice, NoticeStore
    from bot.blocks import Message
    from bot.messages import Messages, Wanted
    from bot.pace import Pace
    from bot.slack import Slack

# Longer than an update and a post may take together, with their one retry.
_LEASE = timedelta(seconds=45)
_FINISH_SECONDS = 10.0
_log = structlog.get_logger(__name__)


class Busy(Exception):
    """Another bot is about the same message right now: look again soon."""


class Poster:
    """Posts and updates cards and direct messages."""

    def __init__(
        self,
        slack: Slack,
        notices: NoticeStore,
        messages: Messages,
        clock: Clock,
        *,
        posts: Pace,
        updates: Pace,
    ) -> None:
        self._slack = slack
        self._notices = notices
        self._messages = messages
        self._clock = clock
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
        known = {notice.id: notice for notice in await self._notices.of_hold(hold.id)}
        trouble: Exception | None = None
        for wanted in await self._messages.about(hold, known):
            thread = known.get(wanted.reply_to)
            if wanted.reply_to and (thread is None or not thread.ts):
                continue
            try:
                stored = known.get(wanted.notice.id)
                known[wanted.notice.id] = await self._bring(stored, wanted, thread)
            except (Busy, SlackUnavailable, SlackRefused) as error:
                # A channel that is not there must not keep the requester from hearing the end.
                trouble = trouble or error
        if trouble:
            raise trouble

    async def finish(self) -> None:
        """Post nothing more, and wait until what is posted right now is recorded as posted."""
        self._closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_SECONDS):
                await self._idle.wait()

    async def _bring(self, stored: Notice | None, wanted: Wanted, thread: Notice | None) -> Notice:
        known = stored or await self._notices.ensure(wanted.notice)
        if known.shown == wanted.message.fingerprint or (thread and known.ts):
            return known
        # First what may take long, then the lease, so that nothing outlasts it.
        channel = known.channel or (thread.channel if thread else await self._where(known))
        pace, key = (self._updates, "") if known.ts else (self._posts, channel)
        await pace.turn(key)
        if self._closing:
            raise Busy(known.id)
        with self._working():
            return await self._post(known, channel, wanted.message, pace, thread)

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
        self,
        known: Notice,
        channel: str,
        message: Message,
        pace: Pace,
        thread: Notice | None,
    ) -> Notice:
        now = self._clock.now()
        leased = await self._notices.lease(known, now=now, until=now + _LEASE)
        if leased is None:
            raise Busy(known.id)
        try:
            posted = await self._show(leased, channel, message, thread.ts if thread else "")
        except (SlackUnavailable, SlackRefused) as error:
            if isinstance(error, SlackUnavailable) and error.retry_after:
                _hold_back(pace, "" if known.ts else channel, error.retry_after)
            await self._record(leased, Posted(known.channel, known.ts), known.shown)
            raise
        await self._record(leased, posted, message.fingerprint)
        return replace(known, channel=posted.channel, ts=posted.ts, shown=message.fingerprint)

    async def _record(self, leased: Notice, posted: Posted, shown: str) -> None:
        await self._notices.record(leased, channel=posted.channel, ts=posted.ts, shown=shown)

    async def _show(self, notice: Notice, channel: str, message: Message, thread: str) -> Posted:
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
        return await self._slack.post(channel, message, about=notice.hold_id, thread=thread)

    async def _where(self, notice: Notice) -> str:
        if notice.kind is NoticeKind.DIRECT or is_user(notice.target):
            return await self._slack.direct_channel(notice.target)
        return notice.target


def _hold_back(pace: Pace, key: str, seconds: float) -> None:
    pace.hold_back(key, asyncio.get_running_loop().time() + seconds)
