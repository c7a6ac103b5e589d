"""When the content of a session may go: a pure decision.

What its connection and the rules that fired on it demand is kept for the longest of those times;
where nothing demands anything, for ever. A legal hold goes before all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.domain.record.session import SessionState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.record.legal_hold import LegalHold
    from app.domain.record.session import Session

LEAST = timedelta(days=1)
"""Nothing is purged sooner: what is shared within a day must not be in use any more."""


@dataclass(frozen=True, slots=True)
class Terms:
    """In days. `default` counts for a connection that says nothing; 0 demands nothing."""

    default: int = 0
    connections: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)

    @property
    def shortest(self) -> timedelta | None:
        """The age below which nothing goes; None where nothing ever does."""
        given = [days for days in (self.default, *self.connections.values()) if days]
        given += [days for days in self.rules.values() if days]
        return max(LEAST, timedelta(days=min(given))) if given else None


@dataclass(frozen=True, slots=True)
class Due:
    """That a session may go, and what had demanded the longest time for it."""

    days: int
    demanded_by: str


def due(
    session: Session, terms: Terms, legal_holds: Iterable[LegalHold], now: datetime
) -> Due | None:
    """Return why the content of a session may go now; None where it stays."""
    if session.state is SessionState.OPEN or any(hold.covers(session) for hold in legal_holds):
        return None
    demands = _demands(session, terms)
    if not demands:
        return None
    longest = max(demands, key=lambda name: demands[name])
    age = max(LEAST, timedelta(days=demands[longest]))
    return Due(demands[longest], longest) if session.started_at + age <= now else None


def _demands(session: Session, terms: Terms) -> dict[str, int]:
    """Return the days that each of those demands who demand any."""
    connection = terms.connections.get(session.connection, 0) or terms.default
    demands = {f"connection {session.connection}": connection}
    demands |= {f"rule {rule}": terms.rules.get(rule, 0) for rule in session.fired_rules}
    return {name: days for name, days in demands.items() if days}
