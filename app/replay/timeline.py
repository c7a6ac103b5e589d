"""How a session's time went: whose it was, and what happened at which moment. Pure.

Theory of operation. The time of a session falls into phases: the gateway's until the request is
sent, the model API's until it begins to answer, the answer's until its last byte. People's time
overlaps them: while a hold waits, only people are at work. So each phase is cut where a hold opens
or is decided, and what is in between is people's:

    gateway ··········|model API|answer ················        phases
         [ hold      ]              [ hold of a call ]          holds
    gateway|people    |model API|ans|people          |answer    stretches
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from app.domain.hold import Hold
    from app.domain.record.session import Session

MOST_MARKS = 60
_WHOLE = 1000
_NAMES = {
    "ours": "Gateway",
    "people": "Waiting for approval",
    "upstream": "Model API",
    "answer": "Answer",
}


class MarkKind(StrEnum):
    FINDING = "finding"
    HOLD = "hold"
    VOTE = "vote"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a session's time; `start` and `width` are per mille of the whole."""

    kind: str
    ms: int
    start: int
    width: int

    @property
    def name(self) -> str:
        return _NAMES[self.kind]


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened at a moment; `at` is per mille of the whole."""

    kind: MarkKind
    ms: int
    """Since the session began."""
    words: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Timeline:
    ms: int
    stretches: tuple[Stretch, ...]
    marks: tuple[Mark, ...]

    @property
    def totals(self) -> tuple[Stretch, ...]:
        """Return one stretch of each kind, with all of its time."""
        kinds = dict.fromkeys(stretch.kind for stretch in self.stretches)
        times = {k: sum(one.ms for one in self.stretches if one.kind == k) for k in kinds}
        return tuple(Stretch(kind, ms, 0, 0) for kind, ms in times.items())


def timeline(
    session: Session,
    holds: Sequence[Hold],
    masked: Iterable[tuple[int, int]],
    mask: Callable[[str], str],
) -> Timeline | None:
    """Return how the time went; None where it is not known how long it took.

    `masked` has when something was said and how many places in it are masked.
    """
    marks = sorted(
        [*_findings(session, holds), *_decisions(session, holds, mask), *_masked(masked)],
        key=lambda mark: mark.ms,
    )
    waits = [_wait(session, hold) for hold in holds]
    whole = _length(session, waits)
    if whole <= 0:
        return None
    placed = tuple(
        Mark(mark.kind, mark.ms, mark.words, min(_WHOLE, round(_WHOLE * mark.ms / whole)))
        for mark in marks[:MOST_MARKS]
    )
    return Timeline(whole, tuple(_stretches(session, waits, whole)), placed)


def _length(session: Session, waits: Iterable[tuple[int, int]]) -> int:
    timing = session.answer.timing if session.answer else None
    times = [timing.sent, timing.headed, timing.last] if timing else []
    return max([*(at for at in times if at is not None), *(end for _, end in waits)], default=0)


def _wait(session: Session, hold: Hold) -> tuple[int, int]:
    """Return when a hold began and ceased to wait, as far as this session waited on it."""
    begun = since(session, hold.created_at)
    return begun, max(begun, since(session, hold.decided_at) if hold.decided_at else begun)


def since(session: Session, at: datetime) -> int:
    """Return how many milliseconds after a session began a moment was; 0 for one before."""
    return max(0, round((at - session.started_at).total_seconds() * 1000))


def _phases(session: Session, whole: int) -> list[tuple[str, int, int]]:
    timing = session.answer.timing if session.answer else None
    sent = whole if timing is None or timing.sent is None else timing.sent
    headed = whole if timing is None or timing.headed is None else timing.headed
    return [("ours", 0, sent), ("upstream", sent, headed), ("answer", headed, whole)]


def _stretches(session: Session, waits: Sequence[tuple[int, int]], whole: int) -> Iterator[Stretch]:
    phases = _phases(session, whole)
    ends = {end for _, *two in phases for end in two} | {at for wait in waits for at in wait}
    cuts = sorted(at for at in ends if 0 <= at <= whole)
    merged: list[tuple[str, int, int]] = []
    for begin, end in pairwise(cuts):
        waited = any(start <= begin and end <= stop for start, stop in waits)
        phase = next(kind for kind, start, stop in phases if start <= begin and end <= stop)
        kind = "people" if waited else phase
        if merged and merged[-1][0] == kind:
            begin = merged.pop()[1]  # noqa: PLW2901 - the two are one stretch
        merged.append((kind, begin, end))
    for kind, begin, end in merged:
        start = round(_WHOLE * begin / whole)
        yield Stretch(kind, end - begin, start, round(_WHOLE * end / whole) - start)


def _findings(session: Session, holds: Iterable[Hold]) -> Iterator[Mark]:
    for fired in session.verdict.fired:
        yield Mark(MarkKind.FINDING, 0, f"Rule {fired.rule} fired on the request")
    if (answer := session.answer) is None:
        return
    begun = (answer.timing and answer.timing.headed) or 0
    for rule in answer.rules:
        yield Mark(MarkKind.FINDING, begun, f"Rule {rule} fired on the answer")
    asked = {hold.id: since(session, hold.created_at) for hold in holds}
    for call in answer.calls:
        for rule in call.rules:
            at = asked.get(call.hold_id, begun)
            yield Mark(MarkKind.FINDING, at, f"Rule {rule} fired on a call of {call.tool}")


def _decisions(
    session: Session, holds: Iterable[Hold], mask: Callable[[str], str]
) -> Iterator[Mark]:
    for hold in holds:
        what = f"A call of {mask(hold.tool.tool)}" if hold.tool else "The request"
        yield Mark(MarkKind.HOLD, since(session, hold.created_at), f"{what} was held")
        for vote in hold.votes:
            said = "Approved by" if vote.approve else "Denied by"
            who = vote.by.name or vote.by.email
            yield Mark(MarkKind.VOTE, since(session, vote.at), f"{said} {who}")


def _masked(masked: Iterable[tuple[int, int]]) -> Iterator[Mark]:
    for at, count in masked:
        if count:
            places = "1 masked place" if count == 1 else f"{count} masked places"
            yield Mark(MarkKind.MASKED, at, places)
