"""A session as it went, a step after the other with its time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.replay.timeline import since

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from app.domain.hold import Hold
    from app.domain.record.session import Session
    from app.replay.blocks import Block
    from app.replay.transcript import Turn


@dataclass(frozen=True, slots=True)
class Step:
    """`at_ms` is since the session began. What has no `title` goes on with the text before."""

    at_ms: int
    title: str
    text: str


def steps(
    session: Session,
    holds: Iterable[Hold],
    asked: Iterable[Block],
    answered: Iterable[Turn],
    mask: Callable[[str], str],
) -> list[Step]:
    """Return what happened, in order: the ask, votes, the answer piece by piece, and the end."""
    found = [
        Step(0, " · ".join(filter(None, (block.role.value, block.tool))), mask(block.text))
        for block in asked
    ]
    for hold in holds:
        found += _decided(session, hold, mask)
    for turn in answered:
        found += _written(turn, mask)
    answer = session.answer
    if answer is not None and answer.timing and answer.timing.last is not None:
        what = answer.error or f"ended with {answer.status}"
        found.append(Step(answer.timing.last, session.decision.value, what))
    elif session.reason:
        last = max((step.at_ms for step in found), default=0)
        found.append(Step(last, session.decision.value, session.reason))
    return sorted(found, key=lambda step: step.at_ms)


def pauses(found: Iterable[Step], speed: float, longest: float) -> Iterator[tuple[float, Step]]:
    """Yield each step after the seconds to wait for it; no wait is longer than `longest`."""
    before = 0
    for step in found:
        gap = max(0, step.at_ms - before) / 1000
        yield min(gap / speed, longest), step
        before = step.at_ms


def _decided(session: Session, hold: Hold, mask: Callable[[str], str]) -> Iterator[Step]:
    rules = ", ".join(fired.rule for fired in hold.verdict.holding)
    tool = mask(hold.tool.tool) if hold.tool else ""
    yield Step(since(session, hold.created_at), " · ".join(filter(None, ("held", tool))), rules)
    for vote in hold.votes:
        what = "approved by" if vote.approve else "denied by"
        said = ": ".join(filter(None, (vote.by.name or vote.by.email, mask(vote.reason))))
        yield Step(since(session, vote.at), what, said)


def _written(turn: Turn, mask: Callable[[str], str]) -> Iterator[Step]:
    text = mask(turn.text)
    if text != turn.text or not turn.beats:
        # Where the rules of today mask more, its pieces have no times of their own.
        yield Step(turn.beats[-1].offset_ms if turn.beats else 0, turn.title, text)
        return
    start = 0
    for beat in turn.beats:
        yield Step(beat.offset_ms, turn.title if not start else "", text[start : beat.length])
        start = beat.length
