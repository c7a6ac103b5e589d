"""A match, and a match in progress."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from policies.patterns.charset import ASCII
from policies.patterns.normalise import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.matching.target import Target, Value
    from policies.patterns.automaton import Automaton, State


@dataclass(frozen=True, slots=True)
class Span:
    """A match of the target at index `target`: `[start, end)` in characters of the text.

    `certain`: it counts within an opaque run as well. It begins with a dash, and so may be a key in
    armour, or its target is exact.
    """

    start: int
    target: int
    end: int
    certain: bool = False


class Candidate:
    """A match in progress.

    `end` is 0 until it is a match; `maybe` is an end that the next character may still forbid;
    `start` is -1 until the first visible character; `beyond` says that the pattern's bound is
    behind it, and only its token goes on.
    """

    __slots__ = (
        "begun",
        "beyond",
        "certain",
        "end",
        "in_context",
        "maybe",
        "start",
        "state",
        "target",
        "validated",
        "value",
    )

    def __init__(
        self,
        target: int,
        start: int,
        value: Value,
        context: Automaton | None = None,
        *,
        validated: bool,
    ) -> None:
        self.target = target
        self.start = start
        self.value = value
        self.state: State = (context or value.secret).start
        self.in_context = context is not None
        self.validated = validated
        self.begun = start
        self.beyond = False
        self.certain = False
        self.maybe = 0
        self.end = 0

    @property
    def span(self) -> Span:
        return Span(self.start, self.target, self.end, self.certain)

    def grows(self, state: State, ch: str) -> bool:
        """Whether this character, which leads to `state`, only moves the end that is possible."""
        value = self.value
        return (
            value.guarded
            and state.accepts
            and self.start >= 0
            and not self.in_context
            and not self.beyond
            and not (self.maybe and value.closes[ch])
        )

    def rests(self, ch: str) -> bool:
        """Whether this character changes nothing but how far a match has come.

        A long token is mostly made of such: a text is followed several times as fast where they
        are not looked at one by one.
        """
        state = self.state
        if ch == TRANSPARENT or state[ch] is not state or self.start < 0:
            return False
        if self.beyond or not state.accepts:
            return self.beyond or not self.maybe
        if self.in_context:
            return False
        if self.value.guarded:
            return self.maybe > 0 and not self.value.closes[ch]
        return not self.validated

    @property
    def resting(self) -> str:
        """The visible ASCII characters with which it `rests`."""
        state = self.state
        how = (self.value, self.start < 0, self.in_context, self.beyond, self.maybe > 0)
        known = state.resting.get(how)
        if known is None:
            known = state.resting[how] = "".join(filter(self.rests, ASCII))
        return known


@lru_cache(maxsize=4096)
def common(resting: frozenset[str]) -> frozenset[str]:
    """Return the characters that are in all of these."""
    first, *others = map(frozenset, resting)
    return first.intersection(*others)


def in_order(span: Span) -> tuple[int, int, int]:
    return (span.start, span.target, -span.end)


def merged(
    candidates: Sequence[Candidate], targets: Sequence[Target]
) -> tuple[list[Candidate], list[Span]]:
    """Return the candidates less each that can only end where an earlier one of its target does.

    And the matches of those that are left out. Where a validator looks at the whole match, its
    start makes a difference.
    """
    first: dict[tuple[int, int, int, int], Candidate] = {}
    dropped: list[Span] = []
    for candidate in sorted(candidates, key=_age):
        validated = targets[candidate.target].checked
        looked_at = validated and not candidate.in_context and not candidate.beyond
        apart = candidate.start if looked_at else -1
        key = (candidate.target, id(candidate.state), candidate.maybe, apart)
        if first.setdefault(key, candidate) is not candidate and candidate.end:
            dropped.append(candidate.span)
    return list(first.values()), dropped


def _age(candidate: Candidate) -> float:
    return candidate.start if candidate.start >= 0 else math.inf
