"""Brings what Slack shows in line with a hold: each message once, and never an old one last.

A notice in the storage stands for a message. It is leased before a call to Slack, and the
result is accepted only from whoever holds the latest lease. Where a lease ended without a
record, nobody knows whether the message was posted: then it is looked for in its channel, by
the id that its metadata carry, before it is posted again.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from app.domain.hold import Hold, HoldState
from app.domain.notice import Notice, NoticeKind
from app.ids import new_token
from bot.delivery.calling import Calling
from bot.delivery.channel_queue import Busy, Job
from bot.slack.api import Posted
from bot.slack.failures import Done, SlackRefused, SlackUnavailable
from bot.slack.text import is_user

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.clock import Clock
    from app.storage.ports import HoldStore, NoticeStore
    from bot.delivery.messages import DesiredMessage, Messages
    from bot.slack.api import Slack
    from bot.slack.rates import Pace

# Longer than a call to Slack may take, so that nothing of ours comes after it.
_LEASE = timedelta(seconds=6.5)
# How much earlier than we think a message may have been posted, by Slack's clock.
_EARLIER = timedelta(minutes=10)
_FINISH_SECONDS = 10.0
_log = structlog.get_logger(__name__)


class Poster:
    """Posts and edits cards, their replies and direct messages."""

    def __init__(
        self,
        slack: Slack,
        holds: HoldStore,
        notices: NoticeStore,
        messages: Messages,
        clock: Clock,
        *,
        posts: Pace,
        edits: Pace,
    ) -> None:
        self.calling = Calling(holds, messages)
        self._slack = slack
        self._holds = holds
        self._notices = notices
        self._messages = messages
        self._clock = clock
        self._posts = posts
        self._edits = edits
        self._under_way = 0
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def plan(self, hold: Hold) -> tuple[Job, ...]:
        """Return what is to be said for Slack to show the hold as it stands; empty if it does.

        Raises SlackUnavailable or StorageUnavailable.
        """
        known = await self._known(hold)
        jobs = []
        for wanted in await self._wanted(hold, known):
            notice = known.get(wanted.notice.id) or wanted.notice
            thread = known.get(wanted.reply_to)
            if _stands(notice, wanted) or (wanted.reply_to and not (thread and thread.ts)):
                # A reply waits for its card; when that is posted, we come here again.
                continue
            if wanted.late and not _may_be_posted(notice):
                continue
            jobs.append(_job(hold, notice, thread))
        return tuple(jobs)

    def requester_told_in(self, hold: Hold) -> float:
        """Return in how many seconds its requester has waited so long that they are told of it.

        0 or less where that is over.
        """
        return self._messages.requester_told_in(hold, self._clock.now())

    async def unasked(self, hold: Hold) -> tuple[str, ...]:
        """Return where nobody was asked about a hold that is over, and nobody was told so.

        Raises SlackUnavailable or StorageUnavailable.
        """
        known = await self._known(hold)
        wanted = [one for one in await self._wanted(hold, known) if one.late]
        posted = [one for one in known.values() if one.kind is NoticeKind.CARD]
        if any(_may_be_posted(card) for card in posted):
            return ()
        places = [one.notice.target for one in wanted]
        return tuple(place for place in places if _mark(hold, place).id not in known)

    async def summarise(self, wanted: DesiredMessage, holds: Sequence[Hold]) -> None:
        """Post one message about holds that ended unasked, and note that each is told.

        Raises Busy, SlackUnavailable or StorageUnavailable: try again later.
        """
        known = (await self._of(wanted.notice.hold_id)).get(wanted.notice.id)
        since = min(hold.created_at for hold in holds).timestamp()
        try:
            await self._posts.turn(wanted.notice.target)
            await self.stand(known, wanted, since=since)
        except SlackRefused as refused:
            # It stays so, and nothing depends on it: those who asked are told by themselves.
            _log.warning("a summary is refused", place=wanted.notice.target, reason=refused.code)
        for hold in holds:
            await self._notices.ensure(_mark(hold, wanted.notice.target), self._clock.now())

    async def say(self, job: Job) -> bool:
        """Do one job of a plan, as things stand when its turn comes; False where nothing was to do.

        Raises Busy, SlackUnavailable, SlackRefused or StorageUnavailable: try again later.
        """
        pace = self._posts if job.lane else self._edits
        await pace.turn(job.lane)
        used = True
        try:
            used = await self._say(job)
        except SlackUnavailable as error:
            pace.hold_back(job.lane, error.retry_after)
            raise
        finally:
            if not used:
                pace.give_back(job.lane)
        return used

    async def _say(self, job: Job) -> bool:
        hold = await self._holds.get(job.hold_id)
        if hold is None:
            return False
        if hold.state is not HoldState.PENDING:
            self.calling.mentions.decided(hold.id)
        known = await self._known(hold)
        if job.card and job.notice_id not in known and await self.calling.calls(hold, job.lane):
            notice = Notice(job.notice_id, hold.id, NoticeKind.CARD, job.lane, calls=True)
            known[job.notice_id] = await self._notices.ensure(notice)
        for wanted in await self._wanted(hold, known):
            if wanted.notice.id == job.notice_id:
                stored, thread = known.get(job.notice_id), known.get(wanted.reply_to)
                since = (wanted.since or hold.created_at).timestamp()
                return await self.stand(stored, wanted, thread, since=since)
        return False

    async def stand(
        self,
        known: Notice | None,
        wanted: DesiredMessage,
        thread: Notice | None = None,
        *,
        since: float,
    ) -> bool:
        """Make one message stand as wanted; False where Slack did not have to be told.

        `since` is when it can have been posted first, in seconds of the epoch.
        """
        if wanted.late and not (known and _may_be_posted(known)):
            return False
        known = known or await self._notices.ensure(wanted.notice)
        if _stands(known, wanted):
            return False
        channel = known.channel or (thread.channel if thread else await self._where(known))
        if await self.adopt(known, channel, since=since, thread=thread.ts if thread else ""):
            raise Busy(known.id)  # It stands; what it says is looked at next.
        if wanted.late and not known.ts:
            # It was not posted after all, and is not to be.
            await self._record(await self._lease(known), Posted("", ""), "")
            return False
        if self._closing:
            raise Busy(known.id)
        with self._working():
            await self._tell(await self._lease(known), channel, wanted, thread)
        return True

    async def adopt(self, known: Notice, channel: str, *, since: float, thread: str = "") -> bool:
        """Find the message that a call has posted whose end nobody saw, and record it.

        Raises Busy while the call may still be under way.
        """
        if known.ts or known.leased_until is None:
            return False
        if known.leased_until > self._clock.now():
            raise Busy(known.id)
        oldest = since - _EARLIER.total_seconds()
        try:
            found = await self._slack.find(channel, known.id, since=oldest, thread=thread)
        except SlackRefused as refused:
            # A message that comes twice is better than one that never comes.
            _log.warning("cannot look for a message", notice=known.id, reason=refused.code)
            return False
        if found is None:
            return False
        _log.info("a message was posted already", notice=known.id)
        await self._record(await self._lease(known), found, "")
        return True

    async def take_down(self, notice: Notice) -> None:
        """Delete a message. Raises as `say` does."""
        leased = await self._lease(notice)
        try:
            await self._slack.delete(Posted(notice.channel, notice.ts))
        except SlackRefused as refused:
            if refused.code != "message_not_found":
                raise
        await self._notices.record(leased, channel="", ts="", shown="")

    async def finish(self) -> None:
        """Post nothing more, and wait until what is posted right now is recorded as posted."""
        self._closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_SECONDS):
                await self._idle.wait()

    async def _wanted(self, hold: Hold, known: Mapping[str, Notice]) -> tuple[DesiredMessage, ...]:
        """Return what should stand; a card whose time is up is not posted before it expires."""
        wanted = await self._messages.about(hold, known, self._clock.now())
        if hold.state is not HoldState.PENDING or hold.deadline > self._clock.now():
            return wanted
        return tuple(replace(one, late=one.notice.kind is NoticeKind.CARD) for one in wanted)

    async def _known(self, hold: Hold) -> dict[str, Notice]:
        """Return the notices of a hold, with the one to the requester about its whole task."""
        known = await self._of(hold.id)
        if hold.task in ("", hold.id):
            return known
        shared = await self._of(hold.task)
        return known | {name: one for name, one in shared.items() if one.kind is NoticeKind.DIRECT}

    async def _of(self, hold_id: str) -> dict[str, Notice]:
        return {notice.id: notice for notice in await self._notices.of_hold(hold_id)}

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

    async def _lease(self, known: Notice) -> Notice:
        now = self._clock.now()
        leased = await self._notices.lease(known, by=new_token(), now=now, until=now + _LEASE)
        if leased is None:
            raise Busy(known.id)
        return leased

    async def _tell(
        self, leased: Notice, channel: str, wanted: DesiredMessage, thread: Notice | None
    ) -> None:
        try:
            posted = await self._show(leased, channel, wanted, thread.ts if thread else "")
        except SlackRefused:
            await self._record(leased, Posted(leased.channel, leased.ts), leased.shown)
            raise
        except SlackUnavailable as error:
            await self._leave(leased, error)
            raise
        if posted is None:
            # Somebody deleted it: what is to be said is said again.
            await self._record(leased, Posted("", ""), "")
            raise Busy(leased.id)
        if not await self._record(leased, posted, wanted.message.fingerprint):
            await self._withdraw(leased, posted)

    async def _show(
        self, leased: Notice, channel: str, wanted: DesiredMessage, thread: str
    ) -> Posted | None:
        """Post or edit; None where what should be edited is not there any more."""
        if not leased.ts:
            about = {"hold": leased.hold_id, "notice": leased.id}
            return await self._slack.post(channel, wanted.message, about=about, thread=thread)
        posted = Posted(channel, leased.ts)
        try:
            await self._slack.update(posted, wanted.message)
        except SlackRefused as refused:
            if refused.code == "message_not_found":
                return None
            raise
        return posted

    async def _leave(self, leased: Notice, error: SlackUnavailable) -> None:
        """End a lease as far as it is known what the call has done."""
        if leased.ts or error.done is Done.NO:
            await self._record(leased, Posted(leased.channel, leased.ts), leased.shown)
        elif error.done is Done.PERHAPS:
            await self._notices.doubt(leased, now=self._clock.now())
        # Else it may yet be done: the lease runs out first.

    async def _record(self, leased: Notice, posted: Posted, shown: str) -> bool:
        return await self._notices.record(leased, channel=posted.channel, ts=posted.ts, shown=shown)

    async def _withdraw(self, leased: Notice, posted: Posted) -> None:
        """Delete what was posted so late that another bot had taken over."""
        standing = (await self._of(leased.hold_id)).get(leased.id)
        if standing is None or standing.ts != posted.ts:
            _log.warning("posted too late, taken back", notice=leased.id)
            await self._slack.delete(posted)

    async def _where(self, notice: Notice) -> str:
        if notice.kind is NoticeKind.DIRECT or is_user(notice.target):
            return await self._slack.direct_channel(notice.target)
        return notice.target


def _stands(notice: Notice, wanted: DesiredMessage) -> bool:
    """Whether it says what it should; a reply is posted once and never edited."""
    if not notice.ts:
        return False
    return bool(wanted.reply_to) or notice.shown == wanted.message.fingerprint


def _may_be_posted(notice: Notice) -> bool:
    """Whether it is posted, or a lease ended without a word of it."""
    return bool(notice.ts) or notice.leased_until is not None


def _mark(hold: Hold, place: str) -> Notice:
    """Return the note that a hold is in a summary; it is no message of its own."""
    return Notice(f"unasked:{hold.id}:{place}", hold.id, NoticeKind.SUMMARY, place)


def _job(hold: Hold, notice: Notice, thread: Notice | None) -> Job:
    if notice.ts:
        return Job(hold.id, hold.id, notice.id, lane="")
    if thread is not None:
        # What people can still act on goes before new cards; what is over can wait.
        rank = 0 if hold.state is HoldState.PENDING else 2
        return Job(f"{rank} {hold.id}", hold.id, notice.id, lane=thread.target)
    card = notice.kind is NoticeKind.CARD
    return Job(f"1 {hold.id}", hold.id, notice.id, lane=notice.target, card=card)
