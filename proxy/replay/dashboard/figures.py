"""What sessions and their holds say together, over a time. Pure; made of tallies of hours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import TYPE_CHECKING

from proxy.replay.dashboard.tally import HOUR, RuleFigures, Tally, hour_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.domain.record.mark import FalsePositive

_A_DAY = timedelta(days=1)
_TENTHS = 10


@dataclass(slots=True)
class Figures:
    """Of the sessions since the beginning of an hour."""

    since: datetime
    until: datetime
    uncounted: int = 0
    """Of how many hours nothing is known yet: they are still being counted."""
    volume: dict[str, Counter[str]] = field(default_factory=dict)
    """By day, or by hour within one day, how often each outcome."""
    waits: dict[str, list[float]] = field(default_factory=dict)
    """By day or hour the seconds until people had decided."""
    whole: Tally = field(default_factory=Tally)

    @classmethod
    def of_days(cls, days: int, now: datetime) -> Figures:
        """Begin the figures of the last days; of one day, those of 24 hours with this one."""
        since = hour_of(now) - timedelta(days=days)
        return cls(since + HOUR if days == 1 else since, now)

    def __post_init__(self) -> None:
        for hour in self.hours:
            self.volume.setdefault(self.bucket(hour), Counter())

    @property
    def hours(self) -> Sequence[datetime]:
        """The beginnings of all its hours, the oldest first."""
        number = (hour_of(self.until) - self.since) // HOUR
        return [self.since + at * HOUR for at in range(number + 1)]

    def bucket(self, hour: datetime) -> str:
        return hour.strftime("%H:00" if self.until - self.since <= _A_DAY else "%b %d")

    def take(self, hour: datetime, tally: Tally) -> None:
        """Add what the sessions of one of its hours say."""
        self.whole.take(tally)
        label = self.bucket(hour)
        self.volume[label].update(tally.outcomes)
        self.waits.setdefault(label, []).extend(tally.waits)

    def add_marks(self, marks: Iterable[FalsePositive]) -> None:
        for mark in marks:
            self.whole.rules.setdefault(mark.rule, RuleFigures()).wrong += 1


def middle_and_tail(waits: list[float]) -> tuple[float, float] | None:
    """Return the median and the 90th percentile; None of nothing."""
    if not waits:
        return None
    if len(waits) == 1:
        return waits[0], waits[0]
    return median(waits), quantiles(waits, n=_TENTHS, method="inclusive")[-1]
