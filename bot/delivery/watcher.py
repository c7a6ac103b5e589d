"""Follows every change of a hold and has Slack say it; what fails is tried again, never lost."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from app.domain.hold import HoldState
from app.errors import StorageUnavailable
from bot.delivery.channel_queue import Lane
from bot.delivery.messages import UNANSWERED
from bot.delivery.unasked import Unasked
from bot.slack.failures import SlackRefused, SlackUnavailable

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.storage.feed import HoldFeed
    from app.storage.ports import HoldStore
    from bot.delivery.channel_queue import Job
    from bot.delivery.digest import DigestMessages
    from bot.delivery.leader import Duty
    from bot.delivery.no_approver import ApproverCheck
    from bot.delivery.poster import Poster
    from bot.grants import Grants

_PLANNERS = 4
_MOMENT = 0.15
_TOGETHER = 0.5
_DELAYS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_SELDOM = (*_DELAYS, 300.0, 900.0, 3600.0)
"""For what is over, and may never be told: its channel may be gone for good."""
_log = structlog.get_logger(__name__)


class Watcher:
    """Works while this bot is on duty, from what is stored: a bot that takes over starts anew."""

    def __init__(
        self,
        feed: HoldFeed,
        holds: HoldStore,
        poster: Poster,
        digests: DigestMessages,
        reach: ApproverCheck,
        grants: Grants,
        duty: Duty,
    ) -> None:
        self._feed = feed
        self._holds = holds
        self._poster = poster
        self._digests = digests
        self._reach = reach
        self._grants = grants
        self._duty = duty

    async def run(self) -> None:
        """Run until cancelled; ends the process by raising what no retry can mend."""
        await self._duty.serve(self._serve)

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            shift = _Shift(
                tasks, self._holds, self._poster, self._digests, self._reach, self._grants
            )
            for _ in range(_PLANNERS):
                tasks.create_task(shift.plan_for_ever())
            tasks.create_task(shift.unasked.run())
            tasks.create_task(shift.tidy())
            async for hold in self._feed.changes():
                shift.hear(hold)


class _Shift:
    """One stretch of duty. Plans what each hold needs, by one planner at a time, and says it.

    Changes that come while a hold is worked on are one piece of work: it is read again when its
    turn comes, so that no message says what is no longer so.
    """

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        holds: HoldStore,
        poster: Poster,
        digests: DigestMessages,
        reach: ApproverCheck,
        grants: Grants,
    ) -> None:
        self._tasks = tasks
        self._holds = holds
        self._poster = poster
        self._digests = digests
        self._reach = reach
        self._grants = grants
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()
        self._busy: set[str] = set()
        self._told: dict[str, int] = {}
        """By hold, a hash of how it stood when Slack showed all of it: most news are old."""
        self._failures: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        """By hold, how often Slack refused its card."""
        self._over: set[str] = set()
        """Holds that nothing can happen to any more, though not all of it is told."""
        self._resting: set[str] = set()
        """Holds that are tried again after a while: several messages of one may have failed."""
        self._clocked: set[str] = set()
        """Holds that are looked at again when their requester has waited for a while."""
        self._lanes: dict[str, Lane] = {}
        self.unasked = Unasked(poster, self._offer)

    def hear(self, hold: Hold) -> None:
        if self._told.get(hold.id) == hash(hold):
            return
        if hold.state is HoldState.PENDING:
            self._offer(hold.id)
        else:
            # What was decided moves on within a moment: one edit tells all of it.
            asyncio.get_running_loop().call_later(_MOMENT, self._offer, hold.id)

    async def plan_for_ever(self) -> None:
        while True:
            hold_id = await self._queue.get()
            self._queued.discard(hold_id)
            self._busy.add(hold_id)
            try:
                await self._plan(hold_id)
            except (SlackUnavailable, SlackRefused, StorageUnavailable) as error:
                self._again(hold_id, error, card=True)
            self._busy.discard(hold_id)
            if hold_id in self._queued:
                self._queue.put_nowait(hold_id)
            self._queue.task_done()

    async def tidy(self) -> None:
        """Take down what the digests of an earlier shift say, where it is no longer so."""
        try:
            for target in await self._digests.standing():
                self._lane(target)
        except StorageUnavailable as error:
            _log.warning("digests are left as they are", reason=str(error))

    def _offer(self, hold_id: str) -> None:
        if hold_id in self._queued:
            return
        self._queued.add(hold_id)
        if hold_id not in self._busy:
            self._queue.put_nowait(hold_id)

    async def _plan(self, hold_id: str) -> None:
        hold = await self._holds.get(hold_id)
        if hold is None:
            return
        await self._grants.trust(hold)
        hold = await self._reach.check(hold)
        if not hold.state.open:
            self._over.add(hold_id)
        jobs = await self._poster.plan(hold)
        self._look_again(hold)
        for job in jobs:
            self._lane(job.lane).offer(job)
        untold = await self._poster.unasked(hold) if hold.state in UNANSWERED else ()
        self.unasked.add(hold, untold)
        if jobs or untold:
            return
        for count in (self._failures, self._refused):
            count.pop(hold_id, None)
        if hold.state.open:
            self._told[hold_id] = hash(hold)
        else:
            self._told.pop(hold_id, None)
            await self._holds.settle(hold)
            self._over.discard(hold_id)

    def _look_again(self, hold: Hold) -> None:
        seconds = self._poster.requester_told_in(hold)
        if seconds > 0 and hold.id not in self._clocked:
            self._clocked.add(hold.id)
            asyncio.get_running_loop().call_later(seconds, self._look, hold.id)

    def _look(self, hold_id: str) -> None:
        self._clocked.discard(hold_id)
        self._offer(hold_id)

    def _lane(self, name: str) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane(self._say, self._done, self._given_up)
            self._tasks.create_task(self._drain(name, lane))
        return lane

    async def _drain(self, name: str, lane: Lane) -> None:
        """Say all that a lane has; one that is empty goes away."""
        if name:
            # What came together is planned first: only then is it known for a burst.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TOGETHER):
                    await self._queue.join()
        while True:
            # Whoever made the lane offers to it first.
            await asyncio.sleep(0)
            await self._digests.show(name, lane.cards)
            if await lane.step():
                continue
            await self._digests.clear(name)
            if lane.empty:
                del self._lanes[name]
                return

    async def _say(self, job: Job) -> None:
        try:
            said = await self._poster.say(job)
        except SlackUnavailable as error:
            await self._reach.away(error)
            raise
        if said and job.lane:
            # Only a post shows that people can be asked: Slack may fail at those alone.
            self._reach.back()

    def _done(self, job: Job) -> None:
        self._offer(job.hold_id)

    def _given_up(self, job: Job, error: Exception) -> None:
        self._again(job.hold_id, error, card=job.card)

    def _again(self, hold_id: str, error: Exception, *, card: bool) -> None:
        """Try a hold again later; `card` says whether it was for want of its card."""
        if card and isinstance(error, SlackRefused):
            tries = self._refused[hold_id] = self._refused.get(hold_id, 0) + 1
            self._tasks.create_task(self._reach.failed(hold_id, error, tries))
        if hold_id in self._resting:
            return
        self._resting.add(hold_id)
        failures = self._failures.get(hold_id, 0)
        self._failures[hold_id] = failures + 1
        delays = _DELAYS if hold_id not in self._over else _SELDOM
        delay = delays[min(failures, len(delays) - 1)]
        _log.warning("a hold could not be told", hold=hold_id, reason=str(error), again_in=delay)
        self._tasks.create_task(self._later(hold_id, delay))

    async def _later(self, hold_id: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._resting.discard(hold_id)
        self._offer(hold_id)
