"""How much may wait for people at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AskingLimits:
    keep_alive_seconds: float
    pending: int
    """How many requests of one person may wait at a time."""

    @property
    def pending_calls(self) -> int:
        """How many tool calls in answers to one person may: an answer makes several."""
        return 2 * self.pending
