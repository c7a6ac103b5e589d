"""A standing approval: one person, one rule, one connection, for a stated time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.hold import Person

if TYPE_CHECKING:
    from app.domain.identity import Identity


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a grant covers, and never more; `repository` is empty for people."""

    identity_key: str
    rule: str
    connection: str
    repository: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """`uses` counts the requests that it let pass; each of them names it in its session."""

    id: str
    covers: Coverage
    requester_name: str
    by: Person
    hold_id: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = ""
    uses: int = 0

    def active(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


def coverage(identity: Identity, connection: str, rule: str) -> Coverage:
    """Return what a grant must cover for this caller to pass this rule."""
    repository = identity.provenance.repository if identity.provenance else ""
    return Coverage(identity.key, rule, connection, repository)
