"""Counts the matches of shadow rules in a text that is masked for others."""

from __future__ import annotations

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
        self._waiting: list[Span] = []
        self._until = 0

    def earliest(self, at: int) -> int:
        """Return where the first of those begins that are not counted yet; `at` without any."""
        return min((span.start for span in self._waiting), default=at)

    def take(self, spans: list[Span]) -> None:
        """Keep those of some new matches that are to be counted."""
        self._waiting += [span for span in spans if span.target in self._targets]

    def settle(self, block: tuple[int, int], runs: Runs) -> None:
        """Count the matches before `block`, the first that may yet turn out to be one."""
        if not self._waiting:
            return
        waiting = sorted(self._waiting, key=in_order)
        while waiting and (waiting[0].start, waiting[0].target) < block:
            span = waiting[0]
            hidden = False if span.dash else runs.hides(span.start)
            if hidden is None:
                break
            waiting.pop(0)
            if not hidden:
                if span.start >= self._until:
                    self._note(span.target)
                self._until = max(self._until, span.end)
        self._waiting = waiting
