"""Many targets in one machine, and how a piece of a text is followed for them.

What a piece holds is mostly nothing. So Hyperscan looks through it first, for beginnings (see
`beginnings`): what neither goes on for `LONGEST` characters nor is a match within them makes no
difference where as many follow. The scanner reads from each beginning on until nothing is in
progress any more, and so many characters at the end of the piece; it leaps over all between:

    KEY: AKIA and so on, or AKIAIOSFODNN7EXAMPLE for the sandbox. You know it from the docs, or may
         no beginning       read from here on, and the end from here on:
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from policies.matching.candidate import Span, in_order
from policies.matching.lookups import Beginnings
from policies.matching.scanner import Scanner
from policies.patterns.beginnings import LONGEST
from policies.patterns.effort import TooDense
from policies.patterns.normalise import TRANSPARENT, scan_view
from policies.patterns.trigger import Trigger, TriggerTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.matching.target import Target

_WORTH_LOOKING = 4 * LONGEST
_STRIDE = 2 * LONGEST
_A_PLACE = 8  # characters: where beginnings are more frequent, all is read


class Plan:
    """Many targets in one machine, shared by all the texts that are scanned for them.

    Where two matches begin at one place, the target that stands first gives its name.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self.tree = TriggerTree(
            [
                Trigger(at, opening, target.not_before, target.held)
                for at, target in enumerate(self.targets)
                for opening in target.openings
            ]
        )

    @cached_property
    def beginnings(self) -> Beginnings:
        return Beginnings(self.targets)

    def find(self, text: str) -> tuple[Span, ...]:
        """Return all matches in a whole text, in order of start; they may overlap.

        Raises TooDense where too many are in progress at one place.
        """
        scanner = Scanner(self)
        scanner.read(scan_view(text))
        scanner.finish()
        if scanner.shut_at >= 0:
            raise TooDense
        return tuple(sorted(scanner.done, key=in_order))

    def follow(self, scanner: Scanner, view: str) -> None:
        """Have a scanner follow the next piece, and read as little of it as will do."""
        places = self._places(scanner, view) if len(view) >= _WORTH_LOOKING else None
        if places is None:
            scanner.read(view)
            return
        reader = _Reader(scanner, view)
        for place in places:
            reader.go_to(place)
            # Behind a beginning that is shorter than its opening, the opening has to be read.
            reader.read(place + LONGEST + self.tree.longest)
        reader.go_to(_back(view, LONGEST))
        reader.read(len(view))

    def _places(self, scanner: Scanner, view: str) -> list[int] | None:
        """Return where to read a piece, beside its end; None for all of it."""
        before, seen = scanner.left(LONGEST + 1), view.replace(TRANSPARENT, "")
        places = self.beginnings.places(before + seen, len(view) // _A_PLACE)
        if places and len(seen) < len(view):
            return None
        return None if places is None else [place - len(before) for place in places]


def _back(view: str, count: int) -> int:
    """Return where the last visible characters of a view begin."""
    at = len(view)
    while count and at:
        at -= 1
        count -= view[at] != TRANSPARENT
    return at


class _Reader:
    """Reads one piece in part, from one place on after the other."""

    def __init__(self, scanner: Scanner, view: str) -> None:
        self._scanner = scanner
        self._view = view
        self._at = 0

    def go_to(self, place: int) -> None:
        """Read what is in progress to its end, and leap over the rest before a place."""
        while self._scanner.candidates and self._at < place:
            self._at += self._scanner.rest(self._view[self._at : place])
            self.read(self._at + _STRIDE)
        if self._at < place and self._scanner.shut_at < 0:
            self._scanner.leap(self._view[self._at : place])
            self._at = place

    def read(self, until: int) -> None:
        if self._at < until and self._scanner.shut_at < 0:
            self._scanner.read(self._view[self._at : until])
            self._at = min(until, len(self._view))
