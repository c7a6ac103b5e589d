"""What sessions and their holds say together. Pure; a batch of sessions is added at a time."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from app.domain.record.session import Decision
from policies.rehearse import records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.hold import Hold
    from app.domain.record.mark import FalsePositive
    from app.domain.record.session import Session

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
_A_DAY = timedelta(days=1)
_NONE = "(none)"
_TENTHS = 10


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


@dataclass(slots=True)
class Figures:
    """Of the sessions since a moment, as far as they were counted."""

    since: datetime
    until: datetime
    sessions: int = 0
    is_cut: bool = False
    """Whether there are older ones that were not counted."""
    volume: dict[str, Counter[str]] = field(default_factory=dict)
    """By day, or by hour within one day, how often each outcome."""
    holds: Counter[str] = field(default_factory=Counter)
    waits: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By day or hour the seconds until people had decided."""
    rules: defaultdict[str, RuleFigures] = field(default_factory=lambda: defaultdict(RuleFigures))
    masked: Counter[str] = field(default_factory=Counter)
    teams: defaultdict[str, UsageFigures] = field(default_factory=lambda: defaultdict(UsageFigures))
    repositories: defaultdict[str, UsageFigures] = field(
        default_factory=lambda: defaultdict(UsageFigures)
    )
    models: defaultdict[str, UsageFigures] = field(
        default_factory=lambda: defaultdict(UsageFigures)
    )

    def __post_init__(self) -> None:
        step = timedelta(hours=1) if self.until - self.since <= _A_DAY else _A_DAY
        moment = self.since
        while moment <= self.until:
            self.volume[self.bucket(moment)] = Counter()
            moment += step
        self.volume.setdefault(self.bucket(self.until), Counter())

    def bucket(self, moment: datetime) -> str:
        return moment.strftime("%H:00" if self.until - self.since <= _A_DAY else "%b %d")

    def add(self, sessions: Iterable[Session], holds: Iterable[Hold]) -> None:
        sessions = tuple(sessions)
        for session in sessions:
            self._add_session(session)
        for record in records(sessions, ()):
            self.rules[record.rule].fired += record.fired
        for hold in holds:
            self._add_hold(hold)

    def add_marks(self, marks: Iterable[FalsePositive]) -> None:
        for mark in marks:
            self.rules[mark.rule].wrong += 1

    def _add_session(self, session: Session) -> None:
        self.sessions += 1
        day = self.volume.setdefault(self.bucket(session.started_at), Counter())
        day[OUTCOMES[session.decision]] += 1
        for fired in session.verdict.enforced:
            for excerpt in fired.excerpts:
                self.masked.update(_LABEL.findall(excerpt.words))
        if session.answer and session.answer.masked:
            self.masked["in answers, of any kind"] += session.answer.masked
        origin = session.identity.provenance
        for usage in (
            *(self.teams[group] for group in sorted(session.identity.groups) or [_NONE]),
            self.repositories[(origin.repository if origin else "") or _NONE],
            self.models[session.model or session.connection],
        ):
            usage.sessions += 1
            if session.answer and (tokens := session.answer.tokens):
                usage.input += tokens.input or 0
                usage.output += tokens.output or 0
            if session.answer and (cost := session.answer.cost):
                usage.micros += cost.micros
                usage.priced += 1

    def _add_hold(self, hold: Hold) -> None:
        self.holds[hold.state.value] += 1
        if hold.state not in _DECIDED or hold.decided_at is None or not hold.votes:
            return
        waited = (hold.decided_at - hold.created_at).total_seconds()
        self.waits[self.bucket(hold.created_at)].append(max(waited, 0.0))
        for fired in hold.verdict.holding:
            if hold.state is HoldState.DENIED:
                self.rules[fired.rule].denied += 1
            else:
                self.rules[fired.rule].approved += 1

    @property
    def all_waits(self) -> list[float]:
        return [wait for waits in self.waits.values() for wait in waits]


def middle_and_tail(waits: list[float]) -> tuple[float, float] | None:
    """Return the median and the 90th percentile; None of nothing."""
    if not waits:
        return None
    if len(waits) == 1:
        return waits[0], waits[0]
    return median(waits), quantiles(waits, n=_TENTHS, method="inclusive")[-1]
