"""When what happened to one request, for its record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.clock import Clock
from app.domain.record.session_facts import Timing


@dataclass(slots=True)
class Stopwatch:
    """Each method notes a moment; of those that happen often, `passed` keeps the first and last."""

    clock: Clock
    since: datetime
    """When the session began."""
    _sent: int | None = None
    _headed: int | None = None
    _first: int | None = None
    _last: int | None = None

    def sent(self) -> None:
        """Note that the request goes to the model API."""
        self._sent = self._now()

    def headed(self) -> None:
        """Note that the head of the answer has come."""
        self._headed = self._now()

    def passed(self) -> None:
        """Note that something went to the client."""
        self._last = self._now()
        if self._first is None:
            self._first = self._last

    @property
    def timing(self) -> Timing:
        return Timing(self._sent, self._headed, self._first, self._last)

    def _now(self) -> int:
        return round((self.clock.now() - self.since).total_seconds() * 1000)
