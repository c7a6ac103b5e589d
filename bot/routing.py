"""In which channel the card of a hold is posted, or whether it goes to each approver. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.domain.hold import Hold

DIRECT = "dm"
"""In place of a channel: each approver gets the card in a direct message."""


@dataclass(frozen=True, slots=True)
class Places:
    """`channel` is where cards go that no rule sends elsewhere; `audit` hears of broken glass."""

    channel: str
    audit: str = ""

    def of(self, hold: Hold) -> str:
        approval = hold.verdict.approval
        routed = approval.channel if approval else ""
        return routed.removeprefix("#") or self.channel
