"""Many targets in one machine, and how a piece of a text is followed for them.

What a piece holds is mostly nothing. So Hyperscan looks through it first, for beginnings (see
`beginnings`): what neither goes on for `LONGEST` characters nor is a match within them makes no
difference where as many follow. The scanner reads from each beginning on until nothing is in
progress any more, and so many characters at the end of the piece; it leaps over all between:

    KEY: AKIA and so on, or AKIAIOSFODNN7EXAMPLE for the sandbox. You know it from the docs, or may
         no beginning       read from here on, and the end from here on:

It also tells of which targets these are the beginnings. Other openings before the end are passed
over, and what one of another target has begun at the end of the last piece is dropped: it is known
by now to be no match.
"""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from policies.matching.following.candidate import Span, in_order
from policies.matching.lookups import Beginnings, Places
from policies.matching.scanner import Scanner
from policies.patterns import seams
from policies.patterns.beginnings import LONGEST
from policies.patterns.effort import TooDense
from policies.patterns.normalise import TRANSPARENT, scan_view
from policies.patterns.render import apart_bytes
from policies.patterns.trigger import Trigger, TriggerTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.matching.target import Target

_WORTH_LOOKING = 4 * LONGEST
_STRIDE = 2 * LONGEST
_SLICE = 2048
_A_PLACE = 8  # characters: where beginnings are more frequent, all is read
_MOST = 1  # beginnings at a place, on average: of more, Hyperscan tells no longer


class Plan:
    """Many targets in one machine, shared by all the texts that are scanned for them.

    Where two matches begin at one place, the target that stands first gives its name. Nothing is
    held back for the `quiet` ones, whose matches are only counted.
    """

    def __init__(self, targets: Sequence[Target], quiet: frozenset[int] = frozenset()) -> None:
        self.targets = tuple(targets)
        self.quiet = quiet
        self.tree = TriggerTree(
            [
                Trigger(at, opening, target.not_before, target.held and at not in quiet)
                for at, target in enumerate(self.targets)
                for opening in target.openings
            ]
        )
        self.machines = ((0, self.tree),)
        self.longest = self.tree.longest

    @cached_property
    def beginnings(self) -> Beginnings:
        return Beginnings(self.targets)

    def find(self, text: str) -> tuple[Span, ...]:
        """Return all matches in a whole text, in order of start; they may overlap.

        Raises TooDense where too many are in progress at one place.
        """
        scanner = Scanner(self)
        view = scan_view(text)
        for at in range(0, len(view), _SLICE):
            follow(self, scanner, view[at : at + _SLICE])
        scanner.finish()
        if scanner.shut_at >= 0:
            raise TooDense
        return tuple(sorted(scanner.done, key=in_order))

    def look(self, data: bytes, most: int) -> Places | None:
        """Return where matches may begin; None where there are more than `most`."""
        return self.beginnings.look(data, most)


class Joint:
    """Plans for one text, each with a machine of its own; their targets in this order."""

    def __init__(self, *plans: Plan) -> None:
        self._plans = [plan for plan in plans if plan.targets] or list(plans[:1])
        self.targets = tuple(target for plan in self._plans for target in plan.targets)
        firsts = [0, *accumulate(len(plan.targets) for plan in self._plans)]
        self._numbered = list(zip(firsts, self._plans, strict=False))
        self.quiet = frozenset(first + at for first, plan in self._numbered for at in plan.quiet)
        machines = [(first, plan.tree) for first, plan in self._numbered]
        self.machines = sorted(machines, key=lambda each: -each[1].size)
        self.longest = max((plan.longest for plan in self._plans), default=0)

    def look(self, data: bytes, most: int) -> Places | None:
        """As one plan does, for all of them."""
        ends: list[int] = []
        targets: set[int] = set()
        for first, plan in self._numbered:
            places = plan.look(data, most - len(ends))
            if places is None:
                return None
            ends += places.ends
            targets.update(first + target for target in places.targets)
        return Places(ends, targets)


def follow(plan: Plan | Joint, scanner: Scanner, view: str) -> None:
    """Have a scanner follow the next piece, and read as little of it as will do."""
    places = _places(plan, scanner, view) if len(view) >= _WORTH_LOOKING else None
    if places is None:
        scanner.read(view)
        return
    reader = _Reader(scanner, view)
    for place in places:
        reader.go_to(place)
        # Behind a beginning that is shorter than its opening, the opening has to be read.
        reader.read(place + LONGEST + plan.longest)
    reader.go_to(_back(view, LONGEST))
    reader.read(len(view))


def _places(plan: Plan | Joint, scanner: Scanner, view: str) -> list[int] | None:
    """Return in order where to read a piece, beside its end; None for all of it."""
    before, seen = scanner.left(LONGEST + seams.LONGEST), view.replace(TRANSPARENT, "")
    together = apart_bytes(before + seen)
    found = plan.look(together, _MOST * len(together))
    if found is None or (found.ends and len(seen) < len(view)):
        return None
    if len(seen) == len(view):
        scanner.expect(found.targets, len(view) - LONGEST)
    # What ended before was read.
    ends = {end for end in found.ends if end > len(before)}
    if len(ends) > len(view) // _A_PLACE:
        return None
    return sorted([end - len(before) - LONGEST for end in ends])


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
