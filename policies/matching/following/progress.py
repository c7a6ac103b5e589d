"""What is in progress in a text that comes in pieces, and what of the text depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.matching.following.recent import Recent
from policies.matching.following.tracks import Tracks
from policies.patterns.beginnings import LONGEST
from policies.patterns.normalise import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Container

    from policies.matching.following.candidate import Candidate, Span
    from policies.matching.plan import Joint, Plan


class Progress:
    """The state of one text. Positions count characters since its beginning.

    `done` collects the matches whose end is known; whoever reads them takes them out.
    `shut_at` is where the text stopped being followed, -1 while it is.
    """

    def __init__(self, plan: Plan | Joint, before: str = "") -> None:
        """`before` is what stands before the text, as its view."""
        self._quiet = plan.quiet
        self._tracks = Tracks(plan.machines, before.replace(TRANSPARENT, ""))
        self._recent = Recent(before)
        self._expected: Container[int] = ()
        self._expected_until = 0
        self.length = 0
        self.candidates: list[Candidate] = []
        self.done: list[Span] = []
        self.shut_at = -1

    @property
    def calm(self) -> bool:
        """Whether no match is in progress or waits to be read, so that `skim` may be called."""
        return not self.candidates and not self.done and self.shut_at < 0

    @property
    def undecided(self) -> int:
        """Where the beginning of an opening begins that the text ends with, or the text's end."""
        partial = self._tracks.partial
        return self._recent.back(self.length, partial) if partial else self.length

    @property
    def begun(self) -> int:
        """Where the first of all openings begins that the text ends within, or the text's end."""
        return self._recent.back(self.length, self._tracks.begun)

    def hold(self, at: int) -> tuple[int, int]:
        """Return the first (start, target) that may yet turn out to be a match to be masked.

        The start is `at`, the end of the text so far, where there is none.
        """
        first, partial = (at, -1), self._tracks.partial
        if partial:
            first = (self._recent.back(at, partial), -1)
        for candidate in self.candidates:
            masked = candidate.target not in self._quiet
            if masked and not candidate.end and not candidate.in_context:
                start = at if candidate.start < 0 else candidate.start
                first = min(first, (start, candidate.target))
        return first

    def open(self) -> tuple[int, int]:
        """Return the first (start, target) of all that is or may be in progress, masked or not."""
        first = (self._recent.back(self.length, self._tracks.longest), -1)
        for candidate in self.candidates:
            if candidate.start >= 0 and not candidate.in_context:
                first = min(first, (candidate.start, candidate.target))
        return first

    def open_quiet(self) -> tuple[int, int]:
        """Return the first (start, target) of what is only counted and is or may be in progress."""
        first = (self._recent.back(self.length, self._tracks.longest), -1)
        for candidate in self.candidates:
            counted = candidate.target in self._quiet
            if counted and candidate.start >= 0 and not candidate.in_context:
                first = min(first, (candidate.start, candidate.target))
        return first

    def growing(self) -> list[Span]:
        """Return the matches to be masked that may still grow."""
        return [c.span for c in self.candidates if c.end and c.target not in self._quiet]

    def floor(self, at: int) -> int:
        """Return the first end of a match that may still grow, more than `at` for none."""
        ends = (c.end for c in self.candidates if c.end and c.target not in self._quiet)
        return min(ends, default=at + 1)

    def expect(self, targets: Container[int], until: int) -> None:
        """Say which targets alone have matches that begin soon and matter.

        Soon is before the next `until` characters are over, and within the last `LONGEST`, too.
        """
        self._expected, self._expected_until = targets, self.length + until
        old = self.length - LONGEST
        self.candidates = [
            candidate
            for candidate in self.candidates
            if candidate.target in targets
            or candidate.begun < old
            or candidate.end
            or candidate.maybe
        ]
