"""Trusted text: what people say so that nobody is asked about a fixed text again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reach(StrEnum):
    """For whom a text is trusted, the narrowest first."""

    PERSON = "person"
    """The person or job that asked."""
    REPOSITORY = "repository"
    """All jobs of the repository that the token proves."""
    EVERYONE = "everyone"

    @property
    def width(self) -> int:
        """Compare by it: a wider reach has more."""
        return list(Reach).index(self)


@dataclass(frozen=True, slots=True)
class Trust:
    """Which passages of a hold somebody wants to trust, by name, for whom and for how long."""

    passages: tuple[str, ...]
    reach: Reach
    days: int
