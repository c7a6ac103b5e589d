"""What was counted of the sessions of one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CountedDay:
    """`id` is the day as ISO 8601, and before it the version of the counts."""

    id: str
    hours: bytes
    """The counts by hour, as JSON."""
    until: datetime
    """It is removed then: no page shows a day that is so long ago."""
