"""The one place that reads the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        # MongoDB keeps milliseconds: cut here, so that what is written equals what is read back.
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)
