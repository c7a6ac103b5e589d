"""What the sessions of one hour and their holds say together. Pure; it can be kept and merged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from app.domain.record.session import Decision, SessionState
from policies.rehearse import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.domain.hold import Hold
    from app.domain.record.session import Session

HOUR = timedelta(hours=1)
OUTCOMES = {
    Decision.ALLOWED: "passed",
    Decision.MASKED: "passed",
    Decision.GRANTED: "passed",
    Decision.APPROVED: "approved",
    Decision.DENIED: "denied",
    Decision.EXPIRED: "unanswered",
    Decision.WITHDRAWN: "unanswered",
    Decision.PENDING: "pending",
}
_LABEL = re.compile(r"\[[^\[\]\n]{1,80}\]")
_DECIDED = (HoldState.APPROVED, HoldState.RELEASED, HoldState.LAPSED, HoldState.DENIED)
_NONE = "(none)"


def hour_of(moment: datetime) -> datetime:
    """Return when its hour began, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass(slots=True)
class UsageFigures:
    """What went through for one team, repository or model."""

    sessions: int = 0
    input: int = 0
    output: int = 0
    micros: int = 0
    """What that cost by list price, in millionths of a US dollar."""
    priced: int = 0
    """How many of the sessions have a price."""

    @property
    def tokens(self) -> int:
        return self.input + self.output

    def take(self, other: UsageFigures) -> None:
        self.sessions += other.sessions
        self.input += other.input
        self.output += other.output
        self.micros += other.micros
        self.priced += other.priced


@dataclass(slots=True)
class RuleFigures:
    """How a rule has done: how often it fired, what people decided, and what they called wrong."""

    fired: int = 0
    approved: int = 0
    denied: int = 0
    wrong: int = 0

    @property
    def precision(self) -> float | None:
        """The share that nobody called a false alarm; None where it never fired."""
        return max(0.0, 1 - self.wrong / self.fired) if self.fired else None

    def take(self, other: RuleFigures) -> None:
        self.fired += other.fired
        self.approved += other.approved
        self.denied += other.denied
        self.wrong += other.wrong


@dataclass(slots=True)
class Tally:
    """Counts, by name; a batch of sessions is added at a time."""

    sessions: int = 0
    still_open: int = 0
    """How many of the sessions and holds were not over: what is told of them can change."""
    outcomes: dict[str, int] = field(default_factory=dict)
    holds: dict[str, int] = field(default_factory=dict)
    """By the state of the hold."""
    waits: list[float] = field(default_factory=list)
    """The seconds until people had decided, of each hold that they decided on."""
    rules: dict[str, RuleFigures] = field(default_factory=dict)
    masked: dict[str, int] = field(default_factory=dict)
    teams: dict[str, UsageFigures] = field(default_factory=dict)
    repositories: dict[str, UsageFigures] = field(default_factory=dict)
    models: dict[str, UsageFigures] = field(default_factory=dict)

    def add(self, sessions: Sequence[Session], holds: Iterable[Hold]) -> None:
        for session in sessions:
            self._add_session(session)
        for record in records(sessions, ()):
            self._rule(record.rule).fired += record.fired
        for hold in holds:
            self._add_hold(hold)

    def take(self, other: Tally) -> None:
        """Add what another one has counted."""
        self.sessions += other.sessions
        self.still_open += other.still_open
        self.waits += other.waits
        for counts, more in (
            (self.outcomes, other.outcomes),
            (self.holds, other.holds),
            (self.masked, other.masked),
        ):
            _add(counts, more)
        for rule, figures in other.rules.items():
            self._rule(rule).take(figures)
        for usages, others in (
            (self.teams, other.teams),
            (self.repositories, other.repositories),
            (self.models, other.models),
        ):
            for name, usage in others.items():
                usages.setdefault(name, UsageFigures()).take(usage)

    def _rule(self, rule: str) -> RuleFigures:
        return self.rules.setdefault(rule, RuleFigures())

    def _add_session(self, session: Session) -> None:
        self.sessions += 1
        self.still_open += session.state is SessionState.OPEN
        _add(self.outcomes, {OUTCOMES[session.decision]: 1})
        for fired in session.verdict.enforced:
            for excerpt in fired.excerpts:
                for label in _LABEL.findall(excerpt.words):
                    _add(self.masked, {label: 1})
        if session.answer and session.answer.masked:
            _add(self.masked, {"in answers, of any kind": session.answer.masked})
        usage = _usage(session)
        origin = session.identity.provenance
        for group in sorted(session.identity.groups) or [_NONE]:
            self.teams.setdefault(group, UsageFigures()).take(usage)
        repository = (origin.repository if origin else "") or _NONE
        self.repositories.setdefault(repository, UsageFigures()).take(usage)
        self.models.setdefault(session.model or session.connection, UsageFigures()).take(usage)

    def _add_hold(self, hold: Hold) -> None:
        self.still_open += hold.state.open
        _add(self.holds, {hold.state.value: 1})
        if hold.state not in _DECIDED or hold.decided_at is None or not hold.votes:
            return
        waited = (hold.decided_at - hold.created_at).total_seconds()
        self.waits.append(max(waited, 0.0))
        for fired in hold.verdict.holding:
            if hold.state is HoldState.DENIED:
                self._rule(fired.rule).denied += 1
            else:
                self._rule(fired.rule).approved += 1


def _usage(session: Session) -> UsageFigures:
    usage = UsageFigures(sessions=1)
    if session.answer and (tokens := session.answer.tokens):
        usage.input, usage.output = tokens.input or 0, tokens.output or 0
    if session.answer and (cost := session.answer.cost):
        usage.micros, usage.priced = cost.micros, 1
    return usage


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for name, number in more.items():
        counts[name] = counts.get(name, 0) + number
