"""A program's request to be signed in by a person elsewhere, in a browser (RFC 8628)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LASTS = timedelta(minutes=10)
INTERVAL_SECONDS = 5
SLOWER_SECONDS = 5
"""Added to the interval each time a program asks too early (RFC 8628, section 3.5)."""


class DeviceState(StrEnum):
    PENDING = "pending"
    ALLOWED = "allowed"
    REFUSED = "refused"


class Poll(StrEnum):
    """The answer to a program that polls for its tokens, in RFC 8628's terms."""

    PENDING = "authorization_pending"
    TOO_EARLY = "slow_down"
    REFUSED = "access_denied"
    EXPIRED = "expired_token"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """`id` and `user_code` are keyed hashes of the codes.

    `address` and `agent` say where it came from, for the person to compare. `credential` is the id
    of the session that was issued for it.
    """

    id: str
    user_code: str
    connection: str
    address: str
    agent: str
    asked_at: datetime
    expires_at: datetime
    interval: int = INTERVAL_SECONDS
    state: DeviceState = DeviceState.PENDING
    credential: str = ""
    polled_at: datetime | None = None

    def poll(self, now: datetime) -> Poll:
        """Return the answer to a poll at that time."""
        if now >= self.expires_at:
            return Poll.EXPIRED
        if self.polled_at is not None and now - self.polled_at < self._pace:
            return Poll.TOO_EARLY
        match self.state:
            case DeviceState.PENDING:
                return Poll.PENDING
            case DeviceState.ALLOWED:
                return Poll.READY
            case DeviceState.REFUSED:
                return Poll.REFUSED

    @property
    def _pace(self) -> timedelta:
        # A clock of its own and the way here make one poll a little early.
        return timedelta(seconds=self.interval - 1)
