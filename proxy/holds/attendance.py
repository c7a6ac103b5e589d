"""Gives back what nobody is asked about, where no bot is alive that could ask.

A bot that runs finds out by itself who can't be reached; of a bot that does not, only its silence
tells.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from app.audit.moves import Mover
from app.domain.hold import HoldEvent
from app.domain.lease import SLACK_POSTER, Lease
from app.errors import StorageUnavailable, Superseded
from app.logs import Seldom

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.leases import LeaseStore
    from app.storage.ports import HoldStore, Ledger, NoticeStore

_LOOK_SECONDS = 1.0
# A bot that is started again has so much longer to say that it is there.
_RESTART_SECONDS = 10.0
_WHY = "No approver was asked, because the Abeyance bot isn't running."
_log = structlog.get_logger(__name__)


class Attendance:
    """`run` must be a task of the process; any number of gateways may look at once."""

    def __init__(
        self,
        leases: LeaseStore,
        holds: HoldStore,
        notices: NoticeStore,
        ledger: Ledger,
        clock: Clock,
        away_seconds: float = 20.0,
    ) -> None:
        """`away_seconds` is for how long approvers may not be asked, whatever the reason."""
        self._leases = leases
        self._holds = holds
        self._notices = notices
        self._mover = Mover(holds, ledger, clock)
        self._most = away_seconds + _RESTART_SECONDS
        self._heard: Lease | None = None
        self._warning = Seldom()
        self._heard_at = 0.0

    async def run(self) -> None:
        while True:
            await self.look(asyncio.get_running_loop().time())
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self, at: float) -> None:
        """Look for a sign of life at `at`, in seconds of a clock that is never set."""
        try:
            lease = await self._leases.get(SLACK_POSTER)
            if lease != self._heard:
                self._heard, self._heard_at = lease, at
            if at - self._heard_at >= self._most:
                for hold in await self._holds.pending():
                    await self._give_back(hold)
        except StorageUnavailable as unavailable:
            # No bot could give a sign of life either.
            self._heard = None
            if self._warning.due():
                _log.warning("no sign of a bot can be read", reason=str(unavailable))

    async def _give_back(self, hold: Hold) -> None:
        if await self._notices.asked(hold.id):
            # Somebody has the card: they can decide when the bot is back.
            return
        with contextlib.suppress(Superseded):
            await self._mover.move(hold, HoldEvent.WITHDRAW, note=_WHY)
            _log.error("a hold is given back: no bot runs", hold=hold.id)
