"""Where an expression of RE2 matches, as numbers.

RE2's own package makes an object of each match, which takes several times as long as to find it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import re2  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = (-1, -1)
"""The place of a group that has no part in a match."""
_ANYWHERE = re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001 - nothing public gives bare numbers


def places(expression: re2._Regexp, data: bytes, at: int = 0) -> Iterator[list[tuple[int, int]]]:
    """Yield the place of each match from `at` on, and of each of its groups behind it.

    The expression never matches the empty text.
    """
    match, end = expression._regexp.Match, len(data)  # noqa: SLF001 - as above
    while (found := match(_ANYWHERE, data, at, end))[0] != NOWHERE:
        yield found
        at = found[0][1]


def first(expression: re2._Regexp, data: bytes, at: int = 0) -> tuple[int, int]:
    """Return the place of the first match from `at` on; `NOWHERE` without any."""
    if at > len(data):
        return NOWHERE
    found: tuple[int, int] = expression._regexp.Match(_ANYWHERE, data, at, len(data))[0]  # noqa: SLF001
    return found
