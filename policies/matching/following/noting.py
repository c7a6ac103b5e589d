"""Counts the matches of shadow rules in a text that is masked for others."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from policies.matching.following.candidate import in_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.matching.following.candidate import Span
    from policies.matching.runs import Runs


class Noting:
    """The matches of one text that are only counted: those that a masker of their own would mask.

    `note(target)` is called once for each. A match is counted once nothing can come before it any
    more, and never where an earlier one covers it.
    """

    def __init__(self, targets: frozenset[int], note: Callable[[int], object]) -> None:
        self._targets = targets
        self._note = note
        self._waiting: list[tuple[tuple[int, int, int], bool]] = []  # a heap; whether it is certain
        self._until = 0

    def earliest(self, at: int) -> int:
        """Return where the first of those begins that are not counted yet; `at` without any."""
        return self._waiting[0][0][0] if self._waiting else at

    def take(self, spans: list[Span]) -> None:
        """Keep those of some new matches that are to be counted."""
        for span in spans:
            if span.target in self._targets:
                heappush(self._waiting, (in_order(span), span.certain))

    def settle(self, block: tuple[int, int], runs: Runs) -> None:
        """Count the matches before `block`, the first that may yet turn out to be one."""
        waiting = self._waiting
        while waiting and waiting[0][0][:2] < block:
            (start, target, end), certain = waiting[0]
            hidden = False if certain else runs.hides(start)
            if hidden is None:
                break
            heappop(waiting)
            if not hidden:
                if start >= self._until:
                    self._note(target)
                self._until = max(self._until, -end)
