"""Which openings a text may be in the middle of: one track for each machine that follows it.

Several plans look at one text side by side. That of the rules has hundreds of targets and is the
same for everybody. That of a credential, or of the values masked in one request, has few and comes
anew with each connection or request: one machine for all would have to be learnt again each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policies.patterns.trigger import TriggerState, TriggerTree

Begun = tuple[tuple[int, int], ...]
"""The target and the length of each opening that has just ended."""


class Track:
    """One machine in one text. The targets of its plan are numbered from `first` on."""

    __slots__ = ("first", "state", "tree")

    def __init__(self, tree: TriggerTree, first: int, before: str = "") -> None:
        """`before` is what stands before the text, as its view without invisible characters."""
        self.tree = tree
        self.first = first
        self.state: TriggerState = tree.after(before)

    def skimmed(self, view: str) -> TriggerState | None:
        """Return the state behind a piece, without moving; None where a match begins in it."""
        state = self.state
        for ch in self.tree.spelt(view):
            state = state[ch]
            if state.fires:
                return None
        return state

    def leap(self, end: str) -> None:
        """Pass over a piece in which nothing begins that matters; `end` is the end of the text."""
        begun = max(len(end) - self.tree.longest, 0)
        state = self.tree.after(end[:begun])
        for ch in self.tree.spelt(end[begun:]):
            state = state[ch]
        self.state = state

    def read(self, view: str) -> list[tuple[int, Begun]]:
        """Follow a piece; return where in it openings end, and which."""
        found: list[tuple[int, Begun]] = []
        for at, ch in enumerate(self.tree.spelt(view), 1):
            self.state = self.state[ch]
            if self.state.fires:
                found.append((at, self.begun))
        return found

    @property
    def begun(self) -> Begun:
        """The openings that end where the text does."""
        return tuple([(self.first + target, length) for target, length in self.state.fires])


class Tracks:
    """The tracks of one text. `main` has the most targets; in the others little ever begins."""

    __slots__ = ("_all", "longest", "main", "others")

    def __init__(self, machines: Iterable[tuple[int, TriggerTree]], before: str) -> None:
        """Each machine comes with the number of its first target, the largest machine first."""
        self._all = tuple([Track(tree, first, before) for first, tree in machines])
        self.main, *self.others = self._all
        self.longest = max(track.tree.longest for track in self._all)

    @property
    def partial(self) -> int:
        """The length of the longest beginning of an opening at the end of the text."""
        partial = self.main.state.partial
        for track in self.others:
            partial = max(partial, track.state.partial)
        return partial

    @property
    def begun(self) -> int:
        """The length of the longest beginning of any opening at the end, held or not."""
        return max(track.tree.depth(track.state) for track in self._all)

    def skim(self, view: str) -> bool:
        """Follow a piece if no match begins in it; else stay and return False."""
        reached: list[TriggerState] = []
        for track in self._all:
            if (state := track.skimmed(view)) is None:
                return False
            reached.append(state)
        for track, state in zip(self._all, reached, strict=True):
            track.state = state
        return True

    def leap(self, end: str) -> None:
        for track in self._all:
            track.leap(end)

    def beside(self, view: str) -> list[tuple[int, Begun]]:
        """Follow a piece on all tracks but the main one; return where openings end, and which."""
        return sorted([found for track in self.others for found in track.read(view)])
