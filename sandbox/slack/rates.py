"""How often a method may be called: a bucket for each method, or each channel."""

from collections.abc import Callable
from math import ceil

from sandbox.slack.errors import Limited

POST_BURST = 20.0  # Slack lets short bursts pass and says no more; this is our reading of short


class Rates:
    """Tiers in calls a minute. `multiplier` speeds them up; 0 switches them off."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self.multiplier = 1.0

    def spend(self, key: str, per_minute: float, burst: float) -> None:
        """Take one call from the bucket, or raise Limited with the seconds to wait."""
        if not self.multiplier:
            return
        now = self._clock()
        rate = per_minute * self.multiplier / 60
        size = max(burst * self.multiplier, 1.0)
        left, since = self._buckets.get(key, (size, now))
        left = min(size, left + (now - since) * rate)
        if left < 1:
            self._buckets[key] = (left, now)
            raise Limited(ceil((1 - left) / rate))
        self._buckets[key] = (left - 1, now)

    def reset(self) -> None:
        self._buckets.clear()
