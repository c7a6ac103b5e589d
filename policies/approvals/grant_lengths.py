"""For how long an approver may let the same pass, as the rules of a hold allow it. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.verdict import Risk

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.verdict import Approval

BUTTON_GRANT = timedelta(hours=1)
"""What the button offers at most; a longer one has to be chosen."""
_LENGTHS = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240, 480, 1440))


def grant_length(hold: Hold) -> timedelta | None:
    """Return for how long the same may be granted in place of one approval; None: not at all."""
    longest = max(grant_lengths(hold), default=None)
    return min(longest, BUTTON_GRANT) if longest else None


def grant_lengths(hold: Hold) -> tuple[timedelta, ...]:
    """Return for how long an approver may grant the same, shortest first; none: not at all."""
    approval, holding = hold.verdict.approval, hold.verdict.holding
    if approval is None or approval.grant_up_to is None or not holding:
        return ()
    if not decided_by_one(approval) or any(fired.risk is Risk.CRITICAL for fired in holding):
        return ()
    shorter = (length for length in _LENGTHS if length < approval.grant_up_to)
    return (*shorter, approval.grant_up_to)


def decided_by_one(approval: Approval) -> bool:
    """Whether the approval of one person is enough."""
    return approval.quorum == 1 and len(approval.each_of) <= 1
