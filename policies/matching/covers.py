"""Stretches of a text that must not be shown, put together from all its readings.

What the text as it stands shows comes first, so that a text is masked whole as it is masked while
it streams. Another reading adds what it alone sees.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from policies.matching.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_BARE = " \t\r\n`*~"
"""Where it begins and ends with these, a secret loses nothing without them."""


@dataclass(frozen=True, slots=True)
class Cover:
    """`[start, end)` of a text; `target` gives its name."""

    start: int
    end: int
    target: Target


def joined(covers: Iterable[Cover]) -> list[Cover]:
    """Return what overlaps as one, by the name of the first; `covers` come in order of start."""
    apart: list[Cover] = []
    for cover in covers:
        if apart and cover.start < apart[-1].end:
            apart[-1] = replace(apart[-1], end=max(apart[-1].end, cover.end))
        else:
            apart.append(cover)
    return apart


def extended(covers: Sequence[Cover], others: Iterable[Cover], text: str) -> list[Cover]:
    """Return the covers of a text, and beside them what only other readings of it cover.

    What touches a cover becomes part of it. Both are in order of start, `covers` apart.
    """
    added = [
        piece
        for other in joined(others)
        for left in _uncovered(other, covers)
        if (piece := _trimmed(left, text)).start < piece.end
    ]
    if not added:
        return list(covers)
    grown: list[Cover] = []
    known = set(covers)
    for cover in sorted([*covers, *added], key=lambda cover: cover.start):
        touches = bool(grown) and cover.start == grown[-1].end
        if touches and not (cover in known and grown[-1] in known):
            name = cover.target if cover in known else grown[-1].target
            grown[-1] = Cover(grown[-1].start, cover.end, name)
        else:
            grown.append(cover)
    return grown


def _uncovered(other: Cover, covers: Sequence[Cover]) -> Iterator[Cover]:
    at = other.start
    first = bisect_right(covers, at, key=lambda cover: cover.end)
    for cover in islice(covers, first, None):
        if cover.start >= other.end:
            break
        if cover.start > at:
            yield replace(other, start=at, end=cover.start)
        at = cover.end
    if at < other.end:
        yield replace(other, start=at)


def _trimmed(cover: Cover, text: str) -> Cover:
    start, end = cover.start, cover.end
    while start < end and text[start] in _BARE:
        start += 1
    while start < end and text[end - 1] in _BARE:
        end -= 1
    return replace(cover, start=start, end=end)
