"""Texts that people trust: who sees which, and how each ends. `Grants` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit.giving import Giver
from app.errors import NotFound
from policies.approvals.approval import may_decide
from policies.passages.trust import ADMINISTRATORS

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.grant import Grant
    from app.domain.hold import Hold
    from app.storage.ports import GrantStore, HoldStore, Ledger
    from bot.decisions import Decisions
    from policies.approvals.approval import Voter


class Trusts:
    def __init__(
        self,
        grants: GrantStore,
        holds: HoldStore,
        ledger: Ledger,
        decisions: Decisions,
        clock: Clock,
    ) -> None:
        self._grants = grants
        self._holds = holds
        self._giver = Giver(grants, ledger, clock)
        self._decisions = decisions
        self._clock = clock

    async def concerning(self, voter: Voter) -> tuple[tuple[Grant, Hold], ...]:
        """Return the trusts in force that somebody may revoke, each with the hold it comes from."""
        active = await self._grants.active(self._clock.now())
        trusts = [grant for grant in active if grant.is_trust]
        found = await self._holds.get_many({trust.hold_id for trust in trusts}) if trusts else ()
        holds = {hold.id: hold for hold in found}
        pairs = ((trust, holds[trust.hold_id]) for trust in trusts if trust.hold_id in holds)
        return tuple(pair for pair in pairs if self._may_revoke(*pair, voter))

    async def revoke(self, grant_id: str, slack_user: str) -> str:
        """End a trust; return why not, as a sentence, or nothing.

        Raises NotFound, SlackUnavailable, SlackRefused or StorageUnavailable.
        """
        trust = await self._grants.get(grant_id)
        if trust is None or not trust.is_trust:
            raise NotFound("This trusted text is no longer on record.")
        hold, voter = await self._decisions.look(trust.hold_id, slack_user, also=[ADMINISTRATORS])
        if not self._may_revoke(trust, hold, voter):
            return "Only those who may decide on such a request can revoke the trust in its text."
        if await self._giver.revoke(hold, trust, voter.person):
            await self._holds.note_untrusted(hold.id, trust.id)
        return ""

    def _may_revoke(self, trust: Grant, hold: Hold, voter: Voter) -> bool:
        given = trust.by.slack_user == voter.person.slack_user
        own = any(known.key == trust.covers.identity_key for known in voter.identities)
        allowed = given or own or ADMINISTRATORS in voter.member_of
        return allowed or may_decide(hold, voter, self._clock.now())
