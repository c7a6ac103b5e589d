"""Takes a vote: judge it, record it, write it; whoever loses a race is told who won."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from app.domain.hold import Hold, Vote
from app.errors import NotFound, StorageUnavailable, Superseded
from app.storage.ports import Event, EventKind
from policies.approval import Objection, judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.domain.hold import HoldEvent
    from app.storage.ports import HoldStore, Ledger
    from bot.people import People
    from policies.approval import Voter

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says to a hold."""

    approve: bool
    category: str = ""
    reason: str = ""
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """The vote counts; `hold` is as it leaves it."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The vote does not count; `hold` is as it stands."""

    hold: Hold
    objection: Objection


class Decisions:
    """Votes on holds. `mask` takes secrets out of what a person gives as a reason."""

    def __init__(
        self,
        holds: HoldStore,
        ledger: Ledger,
        people: People,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        self._holds = holds
        self._ledger = ledger
        self._people = people
        self._clock = clock
        self._mask = mask

    async def look(self, hold_id: str, slack_user: str) -> tuple[Hold, Voter]:
        """Return a hold and what this person may do about it, as it is now.

        Raises NotFound where there is no such hold.
        """
        hold = await self._holds.get(hold_id)
        if hold is None:
            raise NotFound("I do not know this request any more.")
        approval = hold.verdict.approval
        voter = await self._people.voter(slack_user, approval.approvers if approval else ())
        return hold, voter

    def objection(self, hold: Hold, voter: Voter, *, approve: bool) -> Objection | None:
        """Say what would stand against a vote, without taking it."""
        judged = judge(hold, voter, approve=approve, now=self._clock.now())
        return judged if isinstance(judged, Objection) else None

    async def vote(self, hold_id: str, slack_user: str, word: Word) -> Taken | NotTaken:
        """Take a vote, or say why not. Nothing is taken that could not be recorded before.

        Raises NotFound, SlackUnavailable, SlackRefused or StorageUnavailable.
        """
        hold, voter = await self.look(hold_id, slack_user)
        while True:
            judged = judge(hold, voter, approve=word.approve, now=self._clock.now())
            if isinstance(judged, Objection):
                await self._refuse(hold, voter, judged, word)
                return NotTaken(hold, judged)
            try:
                return await self._take(hold, voter, judged, word)
            except Superseded as superseded:
                # Somebody was faster; what counts is how it stands now.
                hold = superseded.current

    async def _take(self, hold: Hold, voter: Voter, event: HoldEvent, word: Word) -> Taken:
        now = self._clock.now()
        vote = Vote(
            voter.person, word.approve, now, self._mask(word.reason), word.category, word.shared
        )
        moved = hold.after(event, now, vote)
        await self._ledger.append(self._event(EventKind.VOTE_CAST, moved, voter, word))
        await self._holds.move(hold, moved)
        try:
            await self._ledger.append(self._event(EventKind.HOLD_MOVED, moved, voter, word))
        except StorageUnavailable:
            # The vote itself is in the ledger and stands; only its effect is told late.
            _log.exception("a move is missing from the ledger", hold=hold.id)
        return Taken(moved)

    async def _refuse(self, hold: Hold, voter: Voter, why: Objection, word: Word) -> None:
        event = self._event(EventKind.VOTE_REFUSED, hold, voter, word)
        data = {**event.data, "why": why.name.lower()}
        await self._ledger.append(Event(event.kind, event.at, event.session_id, data))

    def _event(self, kind: EventKind, hold: Hold, voter: Voter, word: Word) -> Event:
        data: dict[str, str | int] = {
            "hold": hold.id,
            "state": hold.state.value,
            "revision": hold.revision,
            "word": "approve" if word.approve else "deny",
            "slack_user": voter.person.slack_user,
            "email": voter.person.email,
        }
        if voter.identities:
            data["subject"] = voter.identities[0].key
        return Event(kind, self._clock.now(), hold.session_id, data)
