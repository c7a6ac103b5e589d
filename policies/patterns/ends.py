"""Where a match ends, told of one beginning in a whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.matching.target import Target, Value
    from policies.patterns.automaton import Automaton
    from policies.patterns.effort import Effort

BESIDE = 64
"""Visible characters in front of a match that its target may look at: they tell its name."""

_MOST_KNOWN = 64
_CHECK = 32  # what a validator costs, in steps


def match(
    target: Target, view: str, begin: int, effort: Effort, known: dict[tuple[str, str], bool]
) -> tuple[int, int] | None:
    """Return the longest match of a target whose context, or itself, begins at `begin`.

    `known` remembers what counts, for other matches of the target.
    """
    starts = [begin]
    if target.context is not None:
        starts, _ = _ends(target.context, view, begin, effort, None)
    for start in starts:
        value = target.value_after(view[max(0, start - 2) : start])
        ends, stopped = _ends(value.secret, view, start, effort, value)
        goes_on = 0 < stopped < len(view) and value.takes(view[stopped], stopped - start)
        if goes_on and stopped not in ends[-1:]:
            ends.append(stopped)
        for end in reversed(ends):
            effort.spend(_CHECK)
            if _counts(target, view[start:end], view[max(0, start - BESIDE) : start], known):
                return start, _end_of_token(value, view, stopped) if goes_on else end
    return None


def _counts(target: Target, text: str, before: str, known: dict[tuple[str, str], bool]) -> bool:
    if not target.checked:
        return True
    counts = known.get((text, before))
    if counts is None:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        counts = known[text, before] = target.counts(text, before)
    return counts


def _end_of_token(value: Value, view: str, at: int) -> int:
    if value.beyond is None:
        return at
    before = value.beyond.start
    while at < len(view) and not (state := before[view[at]]).dead:
        at += 1
        if state is before:
            at = state.stays(view, at)
        before = state
    return at


def _ends(
    automaton: Automaton, view: str, start: int, effort: Effort, value: Value | None
) -> tuple[list[int], int]:
    """Return all places where a match from `start` on may end, and where its pattern stops.

    That is -1 where it stops in the middle of something that it began.
    """
    ends: list[int] = []
    state = automaton.start
    at, length, last = start, len(view), -1
    while at < length and not state.final:
        state = state[view[at]]
        at += 1
        if state.accepts:
            last = at
            if value is None or (value.closes[view[at]] if at < length else value.ends_with_text):
                ends.append(at)
    effort.spend(at - start)
    return ends, last if last >= at - 1 else -1
