"""What the sessions of one hour and their holds say together. Pure; it can be kept and merged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from app.domain.hold import HoldState
from app.domain.record.session import Decision, SessionState
from app.domain.verdict import Action
from policies.rehearse import records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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
_Counted = TypeVar("_Counted")
_NONE = "(none)"
OTHERS = "(others)"
"""Stands for all names of an hour but those with the most."""
_MOST_NAMES = 100
_LONGEST_NAME = 100
"""Characters: a client can claim a model or a repository of any length."""


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

    @property
    def weight(self) -> tuple[int, int]:
        """Names with less of it are the first to be put together with others."""
        return self.tokens, self.sessions

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

    @property
    def weight(self) -> tuple[int, int]:
        return self.fired, self.approved + self.denied

    def take(self, other: RuleFigures) -> None:
        self.fired += other.fired
        self.approved += other.approved
        self.denied += other.denied
        self.wrong += other.wrong


@dataclass(slots=True)
class Tally:
    """Counts, by name; a batch of sessions is added at a time.

    It outlives the sessions, so it has nothing of what they say: no words of their texts.
    """

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

    def add(
        self, sessions: Sequence[Session], holds: Iterable[Hold], labels: frozenset[str]
    ) -> None:
        """`labels` are those of the catalog: what can stand in place of what is masked."""
        for session in sessions:
            self._add_session(session, labels)
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

    def shorten(self) -> None:
        """Keep the names with the most of each kind, and count all others under one name."""
        for usages in (self.teams, self.repositories, self.models):
            for name in _beyond_most(usages, lambda usage: usage.weight):
                usage = usages.pop(name)
                usages.setdefault(OTHERS, UsageFigures()).take(usage)
        for name in _beyond_most(self.rules, lambda rule: rule.weight):
            rule = self.rules.pop(name)
            self._rule(OTHERS).take(rule)
        for name in _beyond_most(self.masked, lambda number: (number, 0)):
            _add(self.masked, {OTHERS: self.masked.pop(name)})

    def _rule(self, rule: str) -> RuleFigures:
        return self.rules.setdefault(_short(rule), RuleFigures())

    def _add_session(self, session: Session, labels: frozenset[str]) -> None:
        self.sessions += 1
        self.still_open += session.state is SessionState.OPEN
        _add(self.outcomes, {OUTCOMES[session.decision]: 1})
        masking = (fired for fired in session.verdict.enforced if fired.action is Action.MASK)
        for excerpt in (excerpt for fired in masking for excerpt in fired.excerpts):
            # Other words in brackets are those of the text.
            for label in labels & set(found := _LABEL.findall(excerpt.words)):
                _add(self.masked, {label: found.count(label)})
        if session.answer and session.answer.masked:
            _add(self.masked, {"in answers, of any kind": session.answer.masked})
        usage = _usage(session)
        origin = session.identity.provenance
        for group in sorted(session.identity.groups) or [_NONE]:
            self.teams.setdefault(_short(group), UsageFigures()).take(usage)
        repository = (origin.repository if origin else "") or _NONE
        self.repositories.setdefault(_short(repository), UsageFigures()).take(usage)
        model = session.model or session.connection
        self.models.setdefault(_short(model), UsageFigures()).take(usage)

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


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _beyond_most(
    found: Mapping[str, _Counted], weight: Callable[[_Counted], tuple[int, int]]
) -> list[str]:
    """Return the names that are not among those with the most weight."""
    return sorted(found, key=lambda name: weight(found[name]), reverse=True)[_MOST_NAMES:]


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
