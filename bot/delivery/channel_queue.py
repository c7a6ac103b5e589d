"""What is said in one channel, one after another; what fails keeps its place.

Slack takes about a message a second in a channel, so a burst waits here. Each piece of work is
done on what is stored when its turn comes: nothing is said that is no longer so.
"""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from app.errors import StorageUnavailable
from bot.slack.failures import SlackRefused, SlackUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_DELAYS = (1.0, 2.0, 4.0, 8.0, 15.0)
_BUSY_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class Busy(Exception):
    """Another bot is about the same message right now: look again soon."""


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """One message to bring in line. The lowest rank goes first."""

    rank: str
    hold_id: str = field(compare=False)
    notice_id: str = field(compare=False)
    lane: str = field(compare=False)
    """The channel it is posted in; empty for edits, which have a rate of their own."""
    card: bool = field(default=False, compare=False)
    """Whether it is a card that people have not seen yet."""

    @property
    def name(self) -> tuple[str, str]:
        """Several holds may be told of in one message: each hears when it is done."""
        return self.hold_id, self.notice_id


class Lane:
    """Calls `told` for each job that is done, `given_up` for each that fails at Slack."""

    def __init__(
        self,
        say: Callable[[Job], Awaitable[None]],
        told: Callable[[Job], None],
        given_up: Callable[[Job, Exception], None],
    ) -> None:
        self._say = say
        self._told = told
        self._given_up = given_up
        self._jobs: list[Job] = []
        self._queued: set[tuple[str, str]] = set()
        self._failures = 0

    def offer(self, job: Job) -> None:
        """Line up a job, unless it stands there already."""
        if job.name not in self._queued:
            self._queued.add(job.name)
            heapq.heappush(self._jobs, job)

    @property
    def empty(self) -> bool:
        return not self._jobs

    @property
    def cards(self) -> tuple[str, ...]:
        """The holds whose cards wait here."""
        return tuple(job.hold_id for job in self._jobs if job.card)

    async def step(self) -> bool:
        """Do the next job; False where there is none."""
        if not self._jobs:
            return False
        job = heapq.heappop(self._jobs)
        # From now on news about it is another job.
        self._queued.discard(job.name)
        try:
            await self._say(job)
        except Busy:
            self.offer(job)
            await asyncio.sleep(_BUSY_SECONDS)
        except (SlackUnavailable, StorageUnavailable) as error:
            await self._wait(job, error)
        except SlackRefused as refused:
            self._failures = 0
            self._given_up(job, refused)
        else:
            self._failures = 0
            self._told(job)
        return True

    async def _wait(self, job: Job, error: SlackUnavailable | StorageUnavailable) -> None:
        """Wait until Slack may be asked again; a job that always fails lets the others pass."""
        asked_to = error.retry_after if isinstance(error, SlackUnavailable) else 0.0
        if self._failures >= len(_DELAYS):
            self._failures = 0
            self._given_up(job, error)
            return
        delay = asked_to or _DELAYS[self._failures]
        self._failures += 0 if asked_to else 1
        self.offer(job)
        _log.warning("Slack is told later", notice=job.notice_id, reason=str(error), again_in=delay)
        await asyncio.sleep(delay)
