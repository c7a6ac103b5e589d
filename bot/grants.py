"""Grants as people give, see and end them; and what each card shows of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import structlog

from app.audit.giving import Giver
from app.audit.moves import Mover
from app.domain.grant import Grant, coverage, holders
from app.domain.hold import GrantSummary, HoldEvent
from app.errors import StorageUnavailable, Superseded
from app.ids import new_id
from policies.approvals.approval import is_requester, may_decide
from policies.passages.answers import covers_of, freed, given_by
from policies.passages.trust import trusts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from app.clock import Clock
    from app.domain.hold import Hold, Person
    from app.domain.identity import Identity
    from app.storage.ports import GrantStore, HoldStore, Ledger
    from policies.approvals.approval import Voter

_LOOK_SECONDS = 2.0
_TOLD_AT_ONCE = 3
_USES_EVERY = timedelta(minutes=1)
_log = structlog.get_logger(__name__)


class Grants:
    """`run` keeps what cards show of grants in line with their uses and ends."""

    def __init__(self, grants: GrantStore, holds: HoldStore, ledger: Ledger, clock: Clock) -> None:
        self._grants = grants
        self._holds = holds
        self._clock = clock
        self._giver = Giver(grants, ledger, clock)
        self._mover = Mover(holds, ledger, clock)

    async def give(self, hold: Hold, by: Person, length: timedelta) -> None:
        """Let pass for a while what the rules of this hold would hold again for this caller.

        A grant for each rule; each is in the ledger before it counts.
        """
        now = self._clock.now()
        given = [
            Grant(
                id=new_id(now),
                covers=coverage(hold.requester, hold.connection, fired.rule),
                requester_name=hold.requester.name,
                by=by,
                hold_id=hold.id,
                created_at=now,
                expires_at=now + length,
            )
            for fired in hold.verdict.holding
        ]
        await self._giver.give(hold, given)
        await self._show(hold, given)

    async def cover(self, hold: Hold) -> None:
        """Let the passages of an approved hold pass for a while, if the approval covers them."""
        given = covers_of(hold, self._clock.now())
        await self._giver.give(hold, given)
        if given:
            await self._show(hold, given)

    async def trust(self, hold: Hold) -> None:
        """Trust what people have said so about on this hold, and let go on what it answers."""
        given = trusts_of(hold)
        if await self._giver.give(hold, given):
            await self._free(given)

    async def free(self, requester: Identity) -> None:
        """Let go on what waits of somebody, where all that it asks about is approved by now."""
        await self._free(await self._grants.of(holders(requester), self._clock.now()))

    async def _free(self, grants: Sequence[Grant]) -> None:
        pending = await self._holds.pending() if grants else ()
        for hold, note in freed(pending, grants, self._clock.now()):
            with suppress(Superseded):
                await self._mover.move(hold, HoldEvent.COVER, note=note)

    async def revoke(self, hold: Hold, voter: Voter) -> str:
        """End the grant of a hold, and what its approval covers; return why not, or nothing."""
        if hold.granted is None:
            return "There is no grant to revoke."
        grants = await self._grants.get_many(given_by(hold, self._clock.now()))
        if not self._may_revoke(hold, grants, voter):
            return "Only those who may decide on such a request can revoke its grant."
        for grant in grants:
            await self._giver.revoke(hold, grant, voter.person)
        await self._show(hold, await self._grants.get_many(hold.granted.ids))
        return ""

    async def concerning(self, voter: Voter) -> tuple[tuple[Hold, tuple[Grant, ...]], ...]:
        """Return the active grants that somebody gave, uses, or may revoke, by their hold."""
        active = await self._grants.active(self._clock.now())
        by_hold = _by_hold(grant for grant in active if not grant.is_trust)
        holds = await self._holds.get_many(by_hold)
        return tuple(
            (hold, by_hold[hold.id])
            for hold in holds
            if self._may_revoke(hold, by_hold[hold.id], voter)
        )

    async def run(self) -> None:
        """Look every few seconds: uses are counted by gateways, on no hold that is watched."""
        while True:
            try:
                await self._look()
            except StorageUnavailable as error:
                _log.warning("grants wait for the storage", reason=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        unsettled = await self._grants.unsettled()
        by_hold = _by_hold(grant for grant in unsettled if not grant.is_trust)
        for hold in await self._holds.get_many(by_hold) if by_hold else ():
            await self._show(hold, by_hold[hold.id])
        await self._free(unsettled)
        for grant in unsettled:
            # The card tells of a trust as it was given, and not of its uses.
            if grant.is_trust or not grant.active(self._clock.now()):
                await self._grants.settle(grant.id)

    async def _show(self, hold: Hold, grants: Sequence[Grant]) -> None:
        """Note on the hold how its grant stands, so that its card says so."""
        now = self._clock.now()
        revoked = next((grant.revoked_by for grant in grants if grant.revoked_by), "")
        earlier = hold.granted
        shown = GrantSummary(
            ids=earlier.ids if earlier else tuple(grant.id for grant in grants),
            seconds=int((grants[0].expires_at - grants[0].created_at).total_seconds()),
            until=max(grant.most_until or grant.expires_at for grant in grants),
            uses=max(grant.uses for grant in grants),
            over=not any(grant.active(now) for grant in grants),
            revoked_by=revoked,
            used_at=max((grant.used_at for grant in grants if grant.used_at), default=None),
            passages=sum(len(grant.covers.passages) for grant in grants),
        )
        if is_news(earlier, shown, now):
            await self._holds.note_grant(hold.id, shown)

    def _may_revoke(self, hold: Hold, grants: Sequence[Grant], voter: Voter) -> bool:
        given = any(grant.by.slack_user == voter.person.slack_user for grant in grants)
        own = bool(voter.person.email) and is_requester(hold.requester, voter)
        return given or own or may_decide(hold, voter, self._clock.now())


def _by_hold(grants: Iterable[Grant]) -> dict[str, tuple[Grant, ...]]:
    ordered = sorted(grants, key=lambda grant: grant.hold_id)
    return {key: tuple(of) for key, of in groupby(ordered, key=lambda grant: grant.hold_id)}


def is_news(earlier: GrantSummary | None, shown: GrantSummary, now: datetime) -> bool:
    """Whether a card should be drawn again. Agents use a cover every few seconds.

    Its first uses are told at once, further ones once a minute: what Slack takes of messages is
    for cards that are still to come.
    """
    if earlier is None or earlier.used_at is None or earlier.uses < _TOLD_AT_ONCE:
        return shown != earlier
    if replace(shown, uses=earlier.uses, used_at=earlier.used_at) != earlier:
        return True
    return shown != earlier and now - earlier.used_at >= _USES_EVERY
