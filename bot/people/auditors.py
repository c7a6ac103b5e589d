"""Who may see the record in Slack: read anew each time, and recorded before anything is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from policies.approvals.membership import AUDITORS

if TYPE_CHECKING:
    from app.clock import Clock
    from app.replay.reader import Masking
    from app.storage.ports import Ledger
    from bot.people.people import People

REFUSED = (
    "Only auditors can replay sessions, and you are not in that group. This attempt is recorded. "
    "If you need to see a session, ask an auditor, or have an administrator add you."
)


class Auditors:
    def __init__(self, people: People, ledger: Ledger, clock: Clock, masking: Masking) -> None:
        self._people = people
        self._ledger = ledger
        self._clock = clock
        self._masking = masking

    async def may_see(
        self, user: str, what: str, session_id: str = "", *, query: str = "", page: int = 0
    ) -> bool:
        """Tell whether somebody may see it, once that is in the ledger."""
        voter = await self._people.voter(user, [AUDITORS])
        allowed = AUDITORS in voter.member_of
        data: dict[str, str | int] = {
            "slack_user": user,
            "email": voter.person.email,
            "what": what,
            "query": self._masking((query,))(query),
            "page": page,
        }
        kind = EventKind.REPLAY_SHOWN if allowed else EventKind.REPLAY_REFUSED
        await self._ledger.append(Event(kind, self._clock.now(), session_id, data))
        return allowed
