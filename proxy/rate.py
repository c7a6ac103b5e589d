"""How often somebody may do something within a minute."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Rate:
    """At most `most` times in one minute of the clock, for each name. Kept in this process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._minute = ""
        self._times: Counter[str] = Counter()

    def take(self, name: str, now: datetime) -> bool:
        """Count one more; whether it is still within the rate."""
        minute = f"{now:%Y-%m-%dT%H:%M}"
        if minute != self._minute:
            self._minute = minute
            self._times.clear()
        self._times[name] += 1
        return self._times[name] <= self._most
