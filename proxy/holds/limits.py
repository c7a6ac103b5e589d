"""How much may wait for people at a time."""

from __future__ import annotations

from dataclasses import dataclass

AT_ONCE = 32
"""How many requests are looked up, or opened as holds, at a time: where thousands come together,
each waits for its turn here, not in the database, which would answer them too late."""


@dataclass(frozen=True, slots=True)
class AskingLimits:
    keep_alive_seconds: float
    pending: int
    """How many requests of one person may wait at a time."""

    @property
    def pending_calls(self) -> int:
        """How many tool calls in answers to one person may: an answer makes several."""
        return 2 * self.pending
