"""What approvers and auditors say of a rule that fired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FalsePositive:
    """That it should not have; `by` is the address of who says so.

    `id` is `session/rule`; `session_at` is when the session began; `note` is theirs, masked.
    """

    id: str
    session_id: str
    rule: str
    session_at: datetime
    by: str
    at: datetime
    slack_user: str = ""
    note: str = ""
