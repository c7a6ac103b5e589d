"""How a session ends whose request is refused, or fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.record.session import Decision
from app.errors import Reason, Refused, Unreachable
from policies.approvals.endings import ENDINGS

if TYPE_CHECKING:
    from app.errors import AbeyanceError
    from proxy.record.recording import Recording

# Not here: a hold that still waits, or whose approval serves another try, is not over by this.
_ENDS_AS = {
    Reason.POLICY_DENIED: Decision.DENIED,
    Reason.REASON_REQUIRED: Decision.DENIED,
    Reason.RULES_CHANGED: Decision.WITHDRAWN,
    Reason.NOT_COUNTED: Decision.DENIED,
    Reason.TOO_MANY_PENDING: Decision.DENIED,
    **{told.reason: told.decision for told in ENDINGS.values()},
}


def ending(error: AbeyanceError) -> Decision | None:
    """Return how a session ends by an error; None where it is not over by that."""
    return _ENDS_AS.get(error.reason) if isinstance(error, Refused) else None


async def note_refusal(recording: Recording, error: AbeyanceError) -> None:
    """Write why a request was not passed on. Raises StorageUnavailable."""
    reason = str(error)
    if decision := ending(error):
        await recording.refuse(decision, reason)
    elif recording.ended:
        return
    elif recording.forwarded and not isinstance(error, Unreachable):
        await recording.lose(reason)
    elif recording.forwarded or recording.claiming or not recording.session.hold_id:
        # Else the hold goes on: another caller may be waiting for it, or come back.
        await recording.refuse(recording.session.decision, reason)
