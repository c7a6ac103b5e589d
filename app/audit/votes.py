"""Takes votes: each is judged, recorded, and written."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from app.audit.moves import Mover
from app.domain.event import EventKind
from app.errors import Superseded
from app.ids import new_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.clock import Clock
    from app.domain.hold import Hold, HoldEvent, Vote
    from app.storage.ports import HoldStore, Ledger

Objection = TypeVar("Objection", bound=Enum)


class Votes:
    """Safe under concurrency: a vote that loses a race is judged again on what won it."""

    def __init__(self, holds: HoldStore, ledger: Ledger, clock: Clock) -> None:
        self._mover = Mover(holds, ledger, clock)

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
                await self._mover.record(EventKind.VOTE_REFUSED, hold, {**facts, **why})
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
        intents = {EventKind.VOTE_CAST: facts}
        if vote.broke_glass:
            intents = {EventKind.BREAK_GLASS: {**facts, "reason": vote.reason}, **intents}
        await self._mover.write(hold, moved, intents, facts)
        return moved
