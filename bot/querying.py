"""Takes questions to a requester, and their answers: on record first, then with the hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit.moves import Mover
from app.domain.event import EventKind
from app.errors import Superseded
from app.ids import new_token
from policies.approvals.approval import Objection
from policies.approvals.queries import answered, asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.ports import HoldStore, Ledger
    from policies.approvals.approval import Voter


class Querying:
    """`mask` takes secrets out of what people write.

    Safe under concurrency: who loses a race is judged again on what won it.
    """

    def __init__(
        self, holds: HoldStore, ledger: Ledger, clock: Clock, mask: Callable[[str], str]
    ) -> None:
        self._holds = holds
        self._mover = Mover(holds, ledger, clock)
        self._clock = clock
        self._mask = mask

    async def ask(self, hold: Hold, voter: Voter, text: str) -> Objection | None:
        """Ask the requester, or return why not. Raises StorageUnavailable."""
        said = self._mask(text)

        def judge(current: Hold) -> Hold | Objection:
            return asked(current, voter, said, self._clock.now(), new_token())

        return await self._take(EventKind.REQUESTER_ASKED, hold, voter, judge, said)

    async def answer(self, hold: Hold, voter: Voter, number: int, text: str) -> Objection | None:
        """Answer a question, or return why not. Raises StorageUnavailable."""
        said = self._mask(text)

        def judge(current: Hold) -> Hold | Objection:
            return answered(current, voter, number, said, self._clock.now(), new_token())

        return await self._take(EventKind.REQUESTER_ANSWERED, hold, voter, judge, said)

    async def _take(
        self,
        kind: EventKind,
        hold: Hold,
        voter: Voter,
        judge: Callable[[Hold], Hold | Objection],
        said: str,
    ) -> Objection | None:
        while True:
            judged = judge(hold)
            if isinstance(judged, Objection):
                return judged
            data = {"slack_user": voter.person.slack_user, "email": voter.person.email}
            await self._mover.record(kind, judged, {**data, "text": said})
            try:
                await self._holds.move(hold, judged)
            except Superseded as superseded:
                hold = superseded.current
            else:
                return None
