"""A standing approval: one person, one rule, one connection, for a stated time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.domain.hold import Person

if TYPE_CHECKING:
    from app.domain.identity import Identity


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a grant covers, and never more; `repository` is empty for people.

    Either all that a rule would hold, for a while; or passages that people have approved, under
    one law of the rule (see `Question`) and in one kind of call.
    """

    identity_key: str
    rule: str
    connection: str
    repository: str = ""
    call: str = ""
    law: str = ""
    passages: tuple[str, ...] = ()
    """Names; none where it covers all that the rule would hold."""


@dataclass(frozen=True, slots=True)
class Grant:
    """`uses` counts the requests that it let pass; each of them names it in its session.

    With `idle_seconds` each use prolongs it by so much, until `most_until`.
    """

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
    used_at: datetime | None = None
    idle_seconds: int = 0
    most_until: datetime | None = None

    def prolonged(self, now: datetime) -> datetime:
        """Return when it ends if it is used now."""
        if not self.idle_seconds:
            return self.expires_at
        slid = max(self.expires_at, now + timedelta(seconds=self.idle_seconds))
        return min(slid, self.most_until) if self.most_until else slid

    def active(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


def coverage(identity: Identity, connection: str, rule: str) -> Coverage:
    """Return the coverage that lets this caller pass this rule with every request."""
    repository = identity.provenance.repository if identity.provenance else ""
    return Coverage(identity.key, rule, connection, repository)
