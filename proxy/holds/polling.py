"""What somebody who prefers not to wait reads when they look how their request stands. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from app.domain.record.session import Decision
from proxy.holds.endings import refusal_of, still_waiting

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.record.session import Session

POLL_SECONDS = "5"


def decision_of(session: Session, hold: Hold | None) -> Decision:
    """Return how it was decided, though nobody has collected the approval yet."""
    if hold is not None and hold.state is HoldState.APPROVED:
        return Decision.APPROVED
    return session.decision


def what_now(hold: Hold | None, *, asked: bool) -> str:
    """Say in a sentence how it stands and what to do; nothing where it was just passed on.

    `asked` says whether the card of a pending hold is posted.
    """
    if hold is None:
        return ""
    match hold.state:
        case HoldState.PENDING:
            return str(still_waiting(hold, asked=asked))
        case HoldState.APPROVED:
            until = f" before {hold.keep_until:%H:%M} UTC" if hold.keep_until else ""
            return f"Approved. Send the same request again{until}: it then goes on."
        case HoldState.RELEASED:
            return ""
        case _:
            return str(refusal_of(hold))
