"""Takes a vote: records it, writes it, and tells who loses a race who won."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import structlog

from app.errors import StorageUnavailable, Superseded
from app.ids import new_token
from app.storage.ports import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.clock import Clock
    from app.domain.hold import Hold, HoldEvent, Vote
    from app.storage.ports import HoldStore, Ledger

Objection = TypeVar("Objection", bound=Enum)
_log = structlog.get_logger(__name__)


class Votes:
    """Safe under concurrency: a vote that loses a race is judged again on what won it."""

    def __init__(self, holds: HoldStore, ledger: Ledger, clock: Clock) -> None:
        self._holds = holds
        self._ledger = ledger
        self._clock = clock

    async def cast(
        self,
        hold: Hold,
        judge: Callable[[Hold], tuple[HoldEvent, Vote] | Objection],
        facts: Mapping[str, str],
    ) -> tuple[Hold, Objection | None]:
        """Take a vote; return the hold as it leaves it, or as it is and why the vote doesn't count.

        `judge` says what the vote is and does to a hold as it stands. `facts` are what the ledger
        tells of it. Nothing is taken that could not be recorded before. Raises StorageUnavailable.
        """
        while True:
            judged = judge(hold)
            if isinstance(judged, Enum):
                why = {"why": judged.name.lower()}
                await self._note(EventKind.VOTE_REFUSED, hold, {**facts, **why})
                return hold, judged
            event, vote = judged
            try:
                return await self._take(hold, event, vote, facts), None
            except Superseded as superseded:
                # Another vote was faster; what counts is how the hold is now.
                hold = superseded.current

    async def _take(
        self, hold: Hold, event: HoldEvent, vote: Vote, facts: Mapping[str, str]
    ) -> Hold:
        moved = hold.after(event, vote.at, vote, move=new_token())
        if vote.broke_glass:
            reason = {"reason": vote.reason}
            await self._note(EventKind.BREAK_GLASS, moved, {**facts, **reason})
        await self._note(EventKind.VOTE_CAST, moved, facts)
        await self._holds.move(hold, moved)
        try:
            await self._note(EventKind.HOLD_MOVED, moved, facts)
        except StorageUnavailable:
            # The vote itself is in the ledger and stands; only its effect is told late.
            _log.exception("a move is missing from the ledger", hold=hold.id)
        return moved

    async def _note(self, kind: EventKind, hold: Hold, facts: Mapping[str, str]) -> None:
        data: dict[str, str | int] = {
            "hold": hold.id,
            "state": hold.state.value,
            "revision": hold.revision,
            **facts,
        }
        await self._ledger.append(Event(kind, self._clock.now(), hold.session_id, data))
