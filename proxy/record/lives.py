"""Which gateways live, as seen from here: those whose sign of life has changed lately.

Counted, not dated, and timed by the clock of this process alone: a gateway whose clock is wrong
lives like any other.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.storage.gateways import Heartbeat

_DEAD_SECONDS = 30.0
_GONE_SECONDS = 3600.0


class Lives:
    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._seen: dict[str, tuple[int, float]] = {}
        """The last sign of life of each, and when it was seen first."""

    def note(self, heartbeats: Iterable[Heartbeat]) -> None:
        """Take up the signs of life that are stored now."""
        for heartbeat in heartbeats:
            beat, _ = self._seen.get(heartbeat.id, (-1, 0.0))
            if beat != heartbeat.beat:
                self._seen[heartbeat.id] = heartbeat.beat, self._seconds()

    def alive(self, gateway: str) -> bool:
        """Return whether it may live; one of which nothing was ever seen has time to show up."""
        return self._silent_for(gateway) < _DEAD_SECONDS

    def dead(self) -> tuple[str, ...]:
        """Return those that gave a sign of life once, and none for too long."""
        return tuple(name for name in self._seen if not self.alive(name))

    def gone(self) -> tuple[str, ...]:
        """Return those that are dead for so long that nobody has to watch them any more."""
        return tuple(name for name in self._seen if self._silent_for(name) >= _GONE_SECONDS)

    def forget(self, gateway: str) -> None:
        self._seen.pop(gateway, None)

    def _silent_for(self, gateway: str) -> float:
        _, since = self._seen.setdefault(gateway, (-1, self._seconds()))
        return self._seconds() - since
