"""Where a match ends, told of one beginning in a whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.matching.target import Target, Value
    from policies.patterns.automaton import Automaton
    from policies.patterns.effort import Effort

BESIDE = 64
"""Visible characters in front of a match that its target may look at: they tell its name."""

_AHEAD = 96
_MOST_KNOWN = 64
_CHECK = 32  # what a validator costs, in steps


class Repetition:
    """What came of the beginnings of one target in one text, for where the same comes again.

    That depends on nothing but the characters that were looked at: most texts that have very many
    beginnings, and nothing behind them, repeat themselves.
    """

    def __init__(self, target: Target, view: str, effort: Effort) -> None:
        self._target = target
        self._view = view
        self._effort = effort
        self._counts: dict[tuple[str, str], bool] = {}
        self._known: dict[str, tuple[tuple[int, int] | None, int]] = {}

    def match(self, begin: int) -> tuple[int, int] | None:
        """Return the longest match whose context, or itself, begins at `begin`."""
        view, effort = self._view, self._effort
        around = view[begin - BESIDE : begin + _AHEAD] if begin >= BESIDE else ""
        known = self._known.get(around)
        if known is not None:
            found, spent = known
            effort.spend(spent)
            return (begin + found[0], begin + found[1]) if found else None
        before = effort.spent
        span, looked = _match(self._target, view, begin, effort, self._counts)
        if around and looked < begin + _AHEAD and looked < len(view):
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = (span[0] - begin, span[1] - begin) if span else None
            self._known[around] = (found, effort.spent - before)
        return span


def _match(
    target: Target, view: str, begin: int, effort: Effort, known: dict[tuple[str, str], bool]
) -> tuple[tuple[int, int] | None, int]:
    """Return the longest match that begins at `begin`, and the last place that was looked at.

    `known` remembers what counts, for other matches of the target.
    """
    starts, looked = [begin], begin
    if target.context is not None:
        starts, _, looked = _ends(target.context, view, begin, effort, None)
    for start in starts:
        value = target.value_after(view[max(0, start - 2) : start])
        ends, stopped, last = _ends(value.secret, view, start, effort, value)
        looked = max(looked, last)
        goes_on = 0 < stopped < len(view) and value.takes(view[stopped], stopped - start)
        if goes_on and stopped not in ends[-1:]:
            ends.append(stopped)
        for end in reversed(ends):
            effort.spend(_CHECK)
            if _counts(target, view[start:end], view[max(0, start - BESIDE) : start], known):
                until = _end_of_token(value, view, stopped) if goes_on else end
                return (start, until), max(looked, until)
    return None, looked


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
) -> tuple[list[int], int, int]:
    """Return the places where a match from `start` on may end, where its pattern stops, and `at`.

    It stops at -1 in the middle of something that it began. Nothing was looked at behind `at`.
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
    return ends, last if last >= at - 1 else -1, at
