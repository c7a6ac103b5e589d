"""A lease: who does what only one process should do at a time."""

from __future__ import annotations

from dataclasses import dataclass

SLACK_POSTER = "slack-poster"
"""Names the lease of the one bot that posts in Slack."""


@dataclass(frozen=True, slots=True)
class Lease:
    """`beat` counts signs of life, whatever the clocks say; no owner: it is free."""

    id: str
    owner: str = ""
    beat: int = 0
