"""What the clock does to holds: reminders, escalations, expiries, approvals that lapse.

All of it is in the storage; each change is one conditional write, so of any number of bots one
makes it. What it says in Slack follows from the change.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from app.audit.moves import Mover
from app.domain.event import EventKind
from app.domain.hold import NOT_ASKED, HoldEvent, HoldState
from app.errors import StorageUnavailable, Superseded

if TYPE_CHECKING:
    from datetime import datetime

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.feed import HoldFeed
    from app.storage.ports import HoldStore, Ledger, NoticeStore

_RETRY_SECONDS = 2.0
# A sleep may be wrong by a clock that was set; this bounds by how much.
_LONGEST_SLEEP = 60.0
_ENDS = {HoldState.PENDING: HoldEvent.DEADLINE, HoldState.APPROVED: HoldEvent.LAPSE}
_log = structlog.get_logger(__name__)


class Timers:
    """Sleeps until the next hold is due; a change of any hold wakes it."""

    def __init__(
        self,
        feed: HoldFeed,
        holds: HoldStore,
        notices: NoticeStore,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._feed = feed
        self._holds = holds
        self._notices = notices
        self._clock = clock
        self._mover = Mover(holds, ledger, clock)
        self._due: dict[str, datetime] = {}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ring())
            async for hold in self._feed.changes():
                self._note(hold)

    def _note(self, hold: Hold) -> None:
        due_at = hold.wakes_at
        if due_at == self._due.get(hold.id):
            return
        if due_at is None:
            self._due.pop(hold.id, None)
            return
        self._due[hold.id] = due_at
        self._changed.set()

    async def _ring(self) -> None:
        while True:
            await self._sleep()
            try:
                await self._wake_all()
            except StorageUnavailable as error:
                _log.warning("timers wait for the storage", reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def _sleep(self) -> None:
        """Sleep until something is due; one that became due earlier wakes it."""
        while (seconds := self._seconds()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _seconds(self) -> float:
        if not self._due:
            return _LONGEST_SLEEP
        until = (min(self._due.values()) - self._clock.now()).total_seconds()
        return min(until, _LONGEST_SLEEP)

    async def _wake_all(self) -> None:
        now = self._clock.now()
        due = [hold_id for hold_id, at in self._due.items() if at <= now]
        found = {hold.id: hold for hold in await self._holds.get_many(due)}
        for hold_id in due:
            if hold_id in found:
                await self._wake(found[hold_id], now)
            # What is due next is noted when the change comes by the feed.
            self._due.pop(hold_id, None)

    async def _wake(self, hold: Hold, now: datetime) -> None:
        if hold.due_at is not None and hold.due_at <= now:
            await self._end(hold)
            return
        if hold.reminds_at is not None and hold.reminds_at <= now:
            await self._holds.remind(hold.id, now)
        if hold.escalates_at is not None and hold.escalates_at <= now:
            await self._escalate(hold, now)

    async def _escalate(self, hold: Hold, now: datetime) -> None:
        approval = hold.verdict.approval
        to = ", ".join(approval.escalate_to) if approval else ""
        facts = {"word": "escalate", "to": to}
        await self._mover.record(EventKind.HOLD_MOVING, hold, facts)
        if await self._holds.escalate(hold.id, now):
            await self._mover.record(EventKind.HOLD_ESCALATED, hold, facts)

    async def _end(self, hold: Hold) -> None:
        event = _ENDS[hold.state]
        unseen = event is HoldEvent.DEADLINE and not await self._notices.asked(hold.id)
        with contextlib.suppress(Superseded):
            await self._mover.move(hold, event, note=NOT_ASKED if unseen else "")
