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
    _sent: datetime | None = None
    _headed: datetime | None = None
    _first: datetime | None = None
    _last: datetime | None = None

    def sent(self) -> None:
        """Note that the request goes to the model API."""
        self._sent = self.clock.now()

    def headed(self) -> None:
        """Note that the head of the answer has come."""
        self._headed = self.clock.now()

    def passed(self) -> None:
        """Note that something went to the client."""
        self._last = self.clock.now()
        if self._first is None:
            self._first = self._last

    @property
    def timing(self) -> Timing:
        moments = (self._sent, self._headed, self._first, self._last)
        return Timing(*[self._ms(moment) for moment in moments])

    def _ms(self, moment: datetime | None) -> int | None:
        return None if moment is None else round((moment - self.since).total_seconds() * 1000)
