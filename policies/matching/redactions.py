"""Stretches of a text that must not be shown, put together from all its readings.

What the text as it stands shows comes first, so that a text is masked whole as it is masked while
it streams. Another reading adds what it alone sees.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from policies.matching.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_BARE = " \t\r\n`*~"
"""Where it begins and ends with these, a secret loses nothing without them."""
_QUOTE = re.compile(r"[A-Za-z]?[\"'`]")
"""What opens a string, as in `N'...'`: beside a redaction it is no part of a secret."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """`[start, end)` of a text is to be masked, under the name of `target`."""

    start: int
    end: int
    target: Target


def joined(redactions: Iterable[Redaction]) -> list[Redaction]:
    """Return what overlaps as one, by the name of the first. They come in order of start."""
    apart: list[Redaction] = []
    for redaction in redactions:
        if apart and redaction.start < apart[-1].end:
            apart[-1] = replace(apart[-1], end=max(apart[-1].end, redaction.end))
        else:
            apart.append(redaction)
    return apart


def extended(
    redactions: Sequence[Redaction], others: Iterable[Redaction], text: str
) -> list[Redaction]:
    """Return the redactions of a text, with what only other readings of it add.

    What touches a redaction becomes part of it. Both come in order of start, `redactions` apart.
    """
    added = [
        piece
        for other in joined(others)
        for left in _unredacted(other, redactions)
        if not _QUOTE.fullmatch(text, left.start, left.end)
        and (piece := _trimmed(left, text)).start < piece.end
    ]
    if not added:
        return list(redactions)
    grown: list[Redaction] = []
    known = set(redactions)
    for redaction in sorted([*redactions, *added], key=lambda redaction: redaction.start):
        touches = bool(grown) and redaction.start == grown[-1].end
        if touches and not (redaction in known and grown[-1] in known):
            name = redaction.target if redaction in known else grown[-1].target
            grown[-1] = Redaction(grown[-1].start, redaction.end, name)
        else:
            grown.append(redaction)
    return grown


def _unredacted(other: Redaction, redactions: Sequence[Redaction]) -> Iterator[Redaction]:
    at = other.start
    first = bisect_right(redactions, at, key=lambda redaction: redaction.end)
    for redaction in islice(redactions, first, None):
        if redaction.start >= other.end:
            break
        if redaction.start > at:
            yield replace(other, start=at, end=redaction.start)
        at = redaction.end
    if at < other.end:
        yield replace(other, start=at)


def _trimmed(redaction: Redaction, text: str) -> Redaction:
    start, end = redaction.start, redaction.end
    while start < end and text[start] in _BARE:
        start += 1
    while start < end and text[end - 1] in _BARE:
        end -= 1
    return replace(redaction, start=start, end=end)
