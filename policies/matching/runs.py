"""Opaque runs: unbroken stretches of base64 so long and so varied that they are no words.

A picture within a text, a vector, a ciphertext: in random letters anything can seem to stand. What
begins well within such a run is no match. What begins where it begins still is: a long token with a
known beginning, or whatever stands behind a telling name.
"""

from __future__ import annotations

import re
from bisect import bisect_right

FEWEST = 256
_VARIETY = 32  # different characters among the first: more than hexadecimal digits or a name have
_MOST_UNREAD = 2048
_WITHIN = 16  # so that what is glued to a run by an escape or a short name is not within it
DASH = "-"
"""What begins with it is a match all the same: a key in armour, right behind another."""
_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_RUN = re.compile("[A-Za-z0-9+/_-]*")


def _is_opaque(head: str) -> bool:
    return len(head) == FEWEST and len(set(head)) >= _VARIETY


def opaque_runs(view: str) -> list[tuple[int, int]]:
    """Return the opaque runs of a whole text, in order: where each begins, and ends."""
    runs: list[tuple[int, int]] = []
    at = 0  # where a run may begin; before it stands what is in none
    while len(head := view[at : at + FEWEST]) == FEWEST:
        stem = head.rstrip(_CHARACTERS)
        end = at + len(stem) if stem else _end(view, at)
        if not stem and _is_opaque(head):
            runs.append((at, end))
        at = end
    return runs


def _end(view: str, at: int) -> int:
    run = _RUN.match(view, at)
    return run.end() if run else at


def is_noise(view: str, runs: list[tuple[int, int]], at: int) -> bool:
    """Tell whether a match that begins here is none."""
    return is_within(runs, at) and view[at] != DASH


def is_within(runs: list[tuple[int, int]], at: int) -> bool:
    """Tell whether a place lies well within one of the runs."""
    known = bisect_right(runs, (at,)) - 1
    return known >= 0 and runs[known][0] + _WITHIN <= at < runs[known][1]


class Runs:
    """The opaque runs of a text that comes in pieces; the last may still be growing."""

    def __init__(self) -> None:
        self._ended: list[tuple[int, int]] = []
        self._start = 0  # of the run that goes on
        self._head = ""  # its first characters
        self._length = 0
        self._unread = ""  # is read once anybody asks, all at once

    def read(self, view: str) -> None:
        self._unread += view
        if len(self._unread) > _MOST_UNREAD:
            self._catch_up()

    def _catch_up(self) -> None:
        if self._unread:
            view, self._unread = self._unread, ""
            self._read(view)

    def _read(self, view: str) -> None:
        stem = view.rstrip(_CHARACTERS)
        if not stem:
            self._grow(view)
            return
        lead = len(view) - len(view.lstrip(_CHARACTERS))
        self._grow(view[:lead])
        self._end()
        begun = self._length
        self._ended += [
            (begun + start, begun + end) for start, end in opaque_runs(view[lead : len(stem)])
        ]
        self._length += len(stem) - lead
        self._start = self._length
        self._grow(view[len(stem) :])

    def finish(self) -> None:
        self._catch_up()
        self._end()

    def goes_on(self, view: str) -> bool:
        """Tell whether the next piece is nothing but more of an opaque run: no match begins in it.

        It is not read by this.
        """
        if DASH in view or view.strip(_CHARACTERS):
            return False
        self._catch_up()
        return _is_opaque(self._head)

    def forget(self, before: int) -> None:
        """Let go of what nobody asks about any more."""
        self._catch_up()
        if self._ended and self._ended[0][1] <= before:
            self._ended = [run for run in self._ended if run[1] > before]

    def hides(self, at: int) -> bool | None:
        """Tell whether a match that begins here is none; None while more has to be read."""
        self._catch_up()
        if at < self._start + _WITHIN or not self._head:
            return is_within(self._ended, at)
        return _is_opaque(self._head) if len(self._head) == FEWEST else None

    def _grow(self, view: str) -> None:
        if len(self._head) < FEWEST:
            self._head += view[: FEWEST - len(self._head)]
        self._length += len(view)

    def _end(self) -> None:
        if _is_opaque(self._head):
            self._ended.append((self._start, self._length))
        self._head = ""
        self._start = self._length
