"""Takes votes in Slack: who says it, whether it counts, and what comes with an approval."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit.moves import Mover
from app.audit.votes import Votes
from app.domain.hold import Hold, HoldEvent, HoldState
from app.errors import NotFound, StorageUnavailable, Superseded
from policies.approvals.approval import Objection, concerned, is_requester
from policies.approvals.grant_lengths import grant_length
from policies.approvals.votes import Word, facts_of, judge_secrets, judge_word, vote_by
from policies.passages.trust import ADMINISTRATORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.clock import Clock
    from app.storage.ports import HoldStore, Ledger
    from bot.grants import Grants
    from bot.people.people import People
    from policies.approvals.approval import Voter


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
        grants: Grants,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        self._holds = holds
        self._people = people
        self._grants = grants
        self._clock = clock
        self._mask = mask
        self._mover = Mover(holds, ledger, clock)
        self._votes = Votes(holds, ledger, clock)

    async def look(
        self, hold_id: str, slack_user: str, *, also: Iterable[str] = ()
    ) -> tuple[Hold, Voter]:
        """Return a hold and what this person may do about it, as it is now.

        `also` names further sets of people that are of interest.

        Raises NotFound where there is no such hold.
        """
        hold = await self.find(hold_id)
        sets = (*concerned(hold), *also)
        return hold, await self._people.voter(slack_user, sets, hold.requester)

    async def find(self, hold_id: str) -> Hold:
        """Return a hold as it is now. Raises NotFound or StorageUnavailable."""
        hold = await self._holds.get(hold_id)
        if hold is None:
            raise NotFound("This request is no longer on record.")
        return hold

    def unshowable(self, word: Word) -> Objection | None:
        """Say what stands against a change of a tool call that would have to be masked."""
        return judge_secrets(word, self._mask)

    def objection(self, hold: Hold, voter: Voter, word: Word) -> Objection | None:
        """Say what would stand against a vote, without taking it."""
        judged = judge_word(hold, voter, word, self._clock.now())
        return judged if isinstance(judged, Objection) else None

    async def vote(self, hold_id: str, slack_user: str, word: Word) -> Taken | NotTaken:
        """Take a vote, or say why not. Nothing is taken that could not be recorded before.

        Raises NotFound, SlackUnavailable, SlackRefused or StorageUnavailable.
        """
        also = [ADMINISTRATORS] if word.trust else []
        hold, voter = await self.look(hold_id, slack_user, also=also)
        hold, objection = await self._votes.cast(
            hold,
            lambda current: vote_by(current, voter, word, self._clock.now(), self._mask),
            facts_of(voter, word),
        )
        if objection:
            return NotTaken(hold, objection)
        if word.trust:
            with suppress(StorageUnavailable):  # The watcher makes up for it.
                await self._grants.trust(hold)
        elif hold.state is HoldState.APPROVED:
            await self._follow(hold, voter, word)
        return Taken(hold)

    async def _follow(self, approved: Hold, voter: Voter, word: Word) -> None:
        """Give what comes with an approval, and free what waits and is covered by it now.

        Raises where the grant that was asked for cannot be given. For the rest, the gateway and
        the next look at what is covered make up.
        """
        if word.grant and (length := word.length or grant_length(approved)):
            await self._grants.give(approved, voter.person, length)
        with suppress(StorageUnavailable):
            if not word.grant:
                await self._grants.cover(approved)
            await self._grants.free(approved.requester)

    async def withdraw(self, hold_id: str, slack_user: str) -> str:
        """Take back a request of one's own; return why not, as a sentence, or nothing.

        Raises as `vote` does.
        """
        hold, voter = await self.look(hold_id, slack_user)
        if not is_requester(hold.requester, voter):
            return "Only the requester can withdraw a request."
        by = {"slack_user": voter.person.slack_user, "email": voter.person.email}
        while hold.state is HoldState.PENDING:
            try:
                await self._mover.move(hold, HoldEvent.WITHDRAW, by=by)
            except Superseded as superseded:
                hold = superseded.current
                continue
            return ""
        return Objection.OVER.value
