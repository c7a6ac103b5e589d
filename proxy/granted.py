"""Requests that need nobody's decision, because somebody granted them for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.grant import coverage
from app.errors import Reason, Refused
from app.storage.ports import EventKind

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.grant import Grant
    from app.domain.identity import Identity
    from app.domain.verdict import Verdict
    from app.storage.ports import GrantStore
    from proxy.recording import Recording


class Granted:
    def __init__(self, grants: GrantStore, clock: Clock) -> None:
        self._grants = grants
        self._clock = clock

    async def covering(
        self, identity: Identity, connection: str, verdict: Verdict
    ) -> tuple[Grant, ...]:
        """Return a grant for every rule that holds, or nothing where one is not covered."""
        now = self._clock.now()
        found = [
            await self._grants.covering(coverage(identity, connection, fired.rule), now)
            for fired in verdict.holding
        ]
        grants = tuple(grant for grant in found if grant is not None)
        return grants if len(grants) == len(found) else ()

    async def use(self, grants: tuple[Grant, ...], recording: Recording) -> None:
        """Count and record the use. Raises Refused where one ended at this very moment."""
        for grant in grants:
            if not await self._grants.use(grant.id, recording.session.id, self._clock.now()):
                raise Refused(
                    Reason.GRANT_ENDED,
                    f"The grant for rule {grant.covers.rule} has just ended. "
                    "Send the request again to ask for approval.",
                    rule=grant.covers.rule,
                )
            await recording.note(EventKind.GRANT_USED, grant=grant.id, rule=grant.covers.rule)
