"""A Slack message about a hold, as we remember it: posted once, then kept up to date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    CARD = "card"
    DIRECT = "direct"
    REPLY = "reply"
    AUDIT = "audit"
    DIGEST = "digest"
    """About no hold by itself: how many cards of a channel are still to come."""
    SUMMARY = "summary"
    """Of holds that ended before anyone was asked: the line itself, and that a hold is in one."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One Slack message about one hold; `id` is its dedupe key, so that it exists once.

    `shown` is the fingerprint of what the message says now; empty while not posted. `fence`
    counts leases: a write is accepted only from whoever holds the latest. `leased_until` of a
    lease that ended without a record stays: then nobody knows whether the message was posted.
    """

    id: str
    hold_id: str
    kind: NoticeKind
    target: str
    channel: str = ""
    ts: str = ""
    shown: str = ""
    fence: int = 0
    leased_until: datetime | None = None
    leased_by: str = ""
    calls: bool = False
    """Whether it mentions those whom it is for; decided before it is posted, and then kept."""
