"""Takes a vote: judge it, record it, write it; whoever loses a race is told who won."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from app.audit.moves import Mover
from app.domain.hold import Hold, HoldEvent, HoldState, Vote
from app.errors import NotFound, StorageUnavailable, Superseded
from app.ids import new_token
from app.storage.ports import Event, EventKind
from policies.approval import (
    Objection,
    concerned,
    grant_length,
    is_requester,
    judge,
    judge_break_glass,
    sets_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.clock import Clock
    from app.storage.ports import HoldStore, Ledger
    from bot.grants import Grants
    from bot.people.people import People
    from policies.approval import Voter

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says to a hold.

    `grant`: all that its rules would hold may pass for a while. `once`: only this request may.
    """

    approve: bool
    category: str = ""
    reason: str = ""
    shared: bool = True
    grant: bool = False
    break_glass: bool = False
    once: bool = False


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
        self._ledger = ledger
        self._people = people
        self._grants = grants
        self._clock = clock
        self._mask = mask
        self._mover = Mover(holds, ledger, clock)

    async def look(
        self, hold_id: str, slack_user: str, *, also: Iterable[str] = ()
    ) -> tuple[Hold, Voter]:
        """Return a hold and what this person may do about it, as it is now.

        `also` names further sets of people that are of interest.

        Raises NotFound where there is no such hold.
        """
        hold = await self._holds.get(hold_id)
        if hold is None:
            raise NotFound("I do not know this request any more.")
        sets = (*concerned(hold), *also)
        return hold, await self._people.voter(slack_user, sets, hold.requester)

    def objection(self, hold: Hold, voter: Voter, word: Word) -> Objection | None:
        """Say what would stand against a vote, without taking it."""
        judged = self._judge(hold, voter, word)
        return judged if isinstance(judged, Objection) else None

    async def vote(self, hold_id: str, slack_user: str, word: Word) -> Taken | NotTaken:
        """Take a vote, or say why not. Nothing is taken that could not be recorded before.

        Raises NotFound, SlackUnavailable, SlackRefused or StorageUnavailable.
        """
        hold, voter = await self.look(hold_id, slack_user)
        while True:
            judged = self._judge(hold, voter, word)
            if isinstance(judged, Objection):
                await self._refuse(hold, voter, judged, word)
                return NotTaken(hold, judged)
            try:
                taken = await self._take(hold, voter, judged, word)
            except Superseded as superseded:
                # Somebody was faster; what counts is how it stands now.
                hold = superseded.current
                continue
            if taken.hold.state is HoldState.APPROVED:
                await self._follow(taken.hold, voter, word)
            return taken

    async def _follow(self, approved: Hold, voter: Voter, word: Word) -> None:
        """Give what comes with an approval, and free what waits and is covered by it now.

        Raises where the grant that was asked for cannot be given. For the rest, the gateway and
        the next look at what is covered make up.
        """
        if word.grant and (length := grant_length(approved)):
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
            return "Only whoever asked can withdraw a request."
        by = {"slack_user": voter.person.slack_user, "email": voter.person.email}
        while hold.state is HoldState.PENDING:
            try:
                await self._mover.move(hold, HoldEvent.WITHDRAW, by=by)
            except Superseded as superseded:
                hold = superseded.current
                continue
            return ""
        return Objection.OVER.value

    def _judge(self, hold: Hold, voter: Voter, word: Word) -> HoldEvent | Objection:
        now = self._clock.now()
        if word.break_glass:
            return judge_break_glass(hold, voter, word.reason, now) or HoldEvent.BREAK_GLASS
        if word.grant and grant_length(hold) is None:
            return Objection.NO_GRANT
        return judge(hold, voter, approve=word.approve, now=now)

    async def _take(self, hold: Hold, voter: Voter, event: HoldEvent, word: Word) -> Taken:
        now = self._clock.now()
        vote = Vote(
            by=voter.person,
            approve=word.approve,
            at=now,
            reason=self._mask(word.reason),
            category=word.category,
            shared=word.shared,
            sets=sets_of(hold, voter),
            broke_glass=word.break_glass,
            once=word.once,
        )
        moved = hold.after(event, now, vote, move=new_token())
        if word.break_glass:
            told = self._event(EventKind.BREAK_GLASS, moved, voter, word)
            data = {**told.data, "reason": vote.reason}
            await self._ledger.append(Event(told.kind, told.at, told.session_id, data))
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
            "word": _spelt(word),
            "slack_user": voter.person.slack_user,
            "email": voter.person.email,
        }
        if voter.identities:
            data["subject"] = voter.identities[0].key
        return Event(kind, self._clock.now(), hold.session_id, data)


def _spelt(word: Word) -> str:
    if word.break_glass:
        return "break_glass"
    if word.grant:
        return "grant"
    if word.once:
        return "approve_once"
    return "approve" if word.approve else "deny"
