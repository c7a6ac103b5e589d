"""A request that was refused before it had a session: nobody knows who asked, or for what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rejection:
    """It has no body, no query and no header but the user agent. Secrets are masked."""

    id: str
    at: datetime
    until: datetime
    """When the database deletes it."""
    address: str
    """Of the client, as in `Origin`."""
    status: int
    code: str
    """What the caller was told, for machines."""
    why: str
    """For people; of a token more than its sender was told."""
    method: str = ""
    path: str = ""
    user_agent: str = ""
    identity: str = ""
    """The key of who asked, where that was known."""
    count: int = 1
    """How many there were, where an address had so many that the rest of a minute is one record."""
