"""What people have approved or trusted before: the questions that it answers, and its uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit.giving import Giver
from app.audit.passages import told
from app.domain.event import EventKind
from app.domain.grant import holders
from app.errors import Reason, Refused
from policies.calls.voting import stops_change
from policies.passages.answers import answered_by, covered_by, covers_of, given_by, still_open
from proxy.holds.said_before import denied_beside

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.clock import Clock
    from app.domain.grant import Grant
    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.domain.tool_call import HeldCall
    from app.domain.verdict import FiredRule, Verdict
    from app.storage.ports import GrantStore, Ledger
    from proxy.facts import Inquiry
    from proxy.record.recording import Recording


class Granted:
    def __init__(self, grants: GrantStore, ledger: Ledger, clock: Clock) -> None:
        self._grants = grants
        self._clock = clock
        self._giver = Giver(grants, ledger, clock)

    async def still_open(
        self,
        identity: Identity,
        inquiry: Inquiry,
        verdict: Verdict,
        call: HeldCall | None = None,
    ) -> tuple[Verdict, tuple[Grant, ...]]:
        """Return the verdict less what is granted, covered or trusted, and what says so.

        `call` is the tool call that the verdict is of, where it is not the request.
        """
        now = self._clock.now()
        grants = await self._grants.of(holders(identity), now)
        connection = inquiry.connection.name
        return still_open(verdict, grants, identity, connection, inquiry.call, now, tool=call)

    async def beside(
        self,
        identity: Identity,
        inquiry: Inquiry,
        hold: Hold,
        verdict: Verdict,
        call: HeldCall | None,
        recent: Sequence[Hold] = (),
    ) -> tuple[FiredRule | None, tuple[Grant, ...]]:
        """Return the rule that does not let a call go on though the hold was approved.

        None where each rule is answered: by the hold, or by the grants of others that come second.
        `verdict` is what the rules say of the call as it goes on, which an approver may have
        changed. Then `recent` is the caller's recent holds: one that denied the changed call
        counts, whatever was approved for the task.
        """
        left, grants = await self.still_open(identity, inquiry, verdict, call)
        asker = inquiry.asker(identity)
        here = [one for one in recent if one.asker == asker]
        no = denied_beside(here, hold, verdict, grants, self._clock.now())
        return stops_change(hold, left) or no, tuple(g for g in grants if g.hold_id != hold.id)

    async def covers(self, hold: Hold) -> bool:
        """Whether all that a hold asked about is granted, covered or trusted now."""
        now = self._clock.now()
        return bool(covered_by(hold, await self._grants.of(holders(hold.requester), now), now))

    async def revoked(self, hold: Hold) -> bool:
        """Whether people took back what they gave with the approval of a hold."""
        ids = given_by(hold, self._clock.now())
        given = await self._grants.get_many(ids) if ids else ()
        return any(grant.revoked_at is not None for grant in given)

    async def has_ended(self, grants: Collection[str], used: Hold | None) -> bool:
        """Whether any of these grants, which are named by their ids, was revoked or has run out.

        Or people took back an approval since it was `used`.
        """
        found, now = await self._grants.get_many(grants) if grants else (), self._clock.now()
        if len(found) < len(set(grants)) or not all(grant.active(now) for grant in found):
            return True
        return used is not None and await self.revoked(used)

    async def cover(self, hold: Hold) -> None:
        """See that what an approved hold covers is given, unless its grant was revoked.

        The bot does it at the click, but may be gone the moment after.
        """
        if not await self.revoked(hold):
            await self._giver.give(hold, covers_of(hold, self._clock.now()))

    async def use(
        self,
        grants: Sequence[Grant],
        recording: Recording,
        asked: Verdict,
        *,
        prolong: bool = True,
    ) -> None:
        """Count the use, and record it with what comes of it; `asked` is what the grants answer.

        Raises Refused where one ended at this very moment.
        """
        recording.answered_by([grant.id for grant in grants])
        for grant in grants:
            now = self._clock.now()
            until = grant.prolonged(now) if prolong else grant.expires_at
            if not await self._grants.use(grant.id, recording.session.id, now, until):
                raise Refused(
                    Reason.GRANT_ENDED,
                    f"The grant for rule {grant.covers.rule} has just ended. "
                    "Send the request again to ask for approval.",
                    rule=grant.covers.rule,
                )
            facts = {"grant": grant.id, "rule": grant.covers.rule}
            if names := answered_by(grant, asked):
                facts["names"] = told(names)
            recording.note_later(EventKind.GRANT_USED, **facts)
