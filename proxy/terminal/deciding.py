"""Holds as approvers see and decide them on the terminal, by the same rights as in Slack."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit.moves import Mover
from app.audit.votes import Votes
from app.domain.grant import holders
from app.domain.hold import Hold, HoldEvent, HoldState
from app.errors import BadRequest, NotFound, NotPermitted, StorageUnavailable, Superseded
from app.ids import short
from policies.approvals.approval import Objection, asked, is_requester, judge, may_decide
from policies.approvals.votes import facts_of, too_late, vote_by
from policies.passages.answers import freed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.clock import Clock
    from app.domain.identity import Identity
    from app.storage.ports import GrantStore, HoldStore, Ledger
    from policies.approvals.approval import Voter
    from policies.approvals.votes import Word
    from proxy.holds.granted import Granted
    from proxy.terminal.voters import Approver, Voters

# What is said in Slack speaks of Slack.
_OBJECTIONS = {
    Objection.OWN_REQUEST: "This is your own request: someone else has to decide on it.",
    Objection.CANNOT_TELL: (
        "The requester's token names no verified address, so this could be your own "
        "request. A colleague who signs in with the same identity provider can decide."
    ),
    Objection.ALREADY_VOTED: "You've already voted; each person counts once.",
}


@dataclass(frozen=True, slots=True)
class VisibleHold:
    """A hold that somebody may see; `asked` are the sets whose members may vote by now."""

    hold: Hold
    asked: tuple[str, ...]
    own: bool
    why_not: str = ""
    """Why they can't approve it; empty where they can."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What somebody may see of all that is pending, and what only Slack knows if they may.

    `unknown` has clauses, each with the number of holds that it is about.
    """

    seen: tuple[VisibleHold, ...]
    unknown: dict[str, int]


class Deciding:
    """Every method may raise StorageUnavailable. A hold is named by its id, or its short name."""

    def __init__(
        self,
        voters: Voters,
        holds: HoldStore,
        grants: GrantStore,
        granted: Granted,
        ledger: Ledger,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        """`mask` takes secrets out of what a person gives as a reason."""
        self._voters = voters
        self._holds = holds
        self._grants = grants
        self._granted = granted
        self._clock = clock
        self._mask = mask
        self._mover = Mover(holds, ledger, clock)
        self._votes = Votes(holds, ledger, clock)

    async def pending(self, identity: Identity) -> Queue:
        """Return what is pending: their own requests, and those that they can decide on."""
        approver, now = await self._voters.approver(identity), self._clock.now()
        seen: list[VisibleHold] = []
        unknown: dict[str, int] = {}
        for hold in await self._holds.pending():
            if known := self._seen(approver, hold):
                seen.append(known)
                continue
            for clause in self._voters.only_slack_knows(hold, now):
                unknown[clause] = unknown.get(clause, 0) + 1
        return Queue(tuple(seen), unknown)

    async def look(self, identity: Identity, name: str) -> VisibleHold:
        """Return a hold to its requester, and to those who may decide on it.

        Raises NotFound, NotPermitted, or BadRequest where the name is of several.
        """
        hold, approver = await self._find(name), await self._voters.approver(identity)
        if seen := self._seen(approver, hold):
            return seen
        raise NotPermitted(self._why_not(hold, Objection.NOT_AN_APPROVER))

    async def vote(self, identity: Identity, name: str, word: Word) -> Hold:
        """Take a vote; return the hold as it leaves it.

        Raises NotPermitted where the vote does not count, or as `look` does.
        """
        hold, approver = await self._find(name), await self._voters.approver(identity)
        voter = self._voters.voter(approver, hold)
        hold, objection = await self._votes.cast(
            hold,
            lambda current: vote_by(current, voter, word, self._clock.now(), self._mask),
            facts_of(voter, word) | {"via": "terminal"},
        )
        if objection:
            raise NotPermitted(self._why_not(hold, objection))
        if hold.state is HoldState.APPROVED:
            await self._follow(hold)
        return hold

    async def _follow(self, approved: Hold) -> None:
        """Give what the approval covers, and free what waits and is covered by it now.

        Where that fails, the bot and the next request make up for it.
        """
        with suppress(StorageUnavailable):
            await self._granted.cover(approved)
            now = self._clock.now()
            grants = await self._grants.of(holders(approved.requester), now)
            for hold, note in freed(await self._holds.pending(), grants, now):
                with suppress(Superseded):
                    await self._mover.move(hold, HoldEvent.COVER, note=note)

    def _seen(self, approver: Approver, hold: Hold) -> VisibleHold | None:
        voter, now = self._voters.voter(approver, hold), self._clock.now()
        own = is_requester(hold.requester, voter)
        if not own and not may_decide(hold, voter, now):
            return None
        return VisibleHold(hold, asked(hold, now), own, self._objection(hold, voter))

    def _objection(self, hold: Hold, voter: Voter) -> str:
        judged = judge(hold, voter, approve=True, now=self._clock.now())
        return self._why_not(hold, judged) if isinstance(judged, Objection) else ""

    def _why_not(self, hold: Hold, objection: Objection) -> str:
        name = short(hold.id)
        if objection is Objection.OVER:
            return too_late(hold, name)
        if objection is not Objection.NOT_AN_APPROVER:
            return f"{name}: {_OBJECTIONS.get(objection, objection.value)}"
        now = self._clock.now()
        sets = ", ".join(asked(hold, now)) or "none"
        unknown = self._voters.only_slack_knows(hold, now)
        if not unknown:
            return f"{name}: {objection.value} Approvers: {sets}."
        return f"{name}: {unproven(unknown)} Approvers: {sets}."

    async def _find(self, name: str) -> Hold:
        """Return the hold of an id, or of the short name of one whose story goes on."""
        wanted = name.strip().lower()
        if found := await self._holds.get(wanted):
            return found
        found_by_name = _named(wanted, await self._holds.pending())
        found_by_name = found_by_name or _named(wanted, await self._holds.unsettled())
        if len(found_by_name) > 1:
            ids = ", ".join(hold.id for hold in found_by_name)
            raise BadRequest(f"Several requests are called {name.upper()}. Use the whole id: {ids}")
        if not found_by_name:
            raise NotFound(f"No request is called {name}. See `abeyance hold list`.")
        return found_by_name[0]


def unproven(clauses: Iterable[str]) -> str:
    """Say what can't be proven without Slack, and how it could be."""
    return (
        "Whether you are an approver can't be checked here: only Slack knows "
        f"{' and '.join(clauses)}. To let people decide while Slack is down, an administrator adds "
        "their addresses (`emails`) or a group of the identity provider (`idp_groups`) to the set "
        "in approvers.yaml."
    )


def _named(name: str, holds: Iterable[Hold]) -> list[Hold]:
    return [hold for hold in holds if short(hold.id).lower() == name]
