"""How a hold ends without its request going out: for the session, the client and people. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from app.domain.record.session import Decision
from app.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Ending:
    decision: Decision
    """How its session is recorded."""
    reason: Reason
    """What a client reads as the code of the refusal."""
    mark: str
    title: str
    """With the mark, the lead of the card and of what the requester is told."""


ENDINGS: Mapping[HoldState, Ending] = {
    HoldState.DENIED: Ending(Decision.DENIED, Reason.APPROVAL_DENIED, "⛔", "Denied"),
    HoldState.EXPIRED: Ending(Decision.EXPIRED, Reason.APPROVAL_EXPIRED, "⌛", "Expired"),
    HoldState.LAPSED: Ending(
        Decision.EXPIRED, Reason.APPROVAL_LAPSED, "⌛", "Approved, but never used"
    ),
    HoldState.WITHDRAWN: Ending(Decision.WITHDRAWN, Reason.HOLD_WITHDRAWN, "↩️", "Withdrawn"),
}
