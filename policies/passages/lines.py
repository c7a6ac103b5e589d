"""The lines around a finding in fixed text: what people trust for good."""

from __future__ import annotations

import re

from policies.passages.names import normalised

SHORTEST = 40
"""Characters. What is shorter is joined with what stands beside it, so that `- production` alone
names nothing."""
_TAG = r"</?[A-Za-z][\w.-]{0,40}(?: [^<>]{0,200})?>"
_BREAK = re.compile(rf"\s*+(?:(?:```|~~~)[\w+-]*+|{_TAG})?+\s*+")
_FARTHEST = 4096
"""Characters. A line that goes on for longer is trusted by this stretch on each side."""


def lines_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the lines that `[start, end)` touches begin, and where they end.

    Where they are short, neighbours of the same block belong to them: until a blank line, a tag or
    a fence.
    """
    begin, until = _line_start(text, start), _line_end(text, max(end - 1, start))
    while until - begin < _FARTHEST and len(normalised(text[begin:until])) < SHORTEST:
        wider = _above(text, begin), _below(text, until)
        if wider == (begin, until):
            break
        begin, until = wider
    return begin, until


def _line_start(text: str, at: int) -> int:
    farthest = max(at - _FARTHEST, 0)
    return text.rfind("\n", farthest, at) + 1 or farthest


def _line_end(text: str, at: int) -> int:
    farthest = min(at + _FARTHEST, len(text))
    end = text.find("\n", at, farthest)
    return end if end >= 0 else farthest


def _above(text: str, begin: int) -> int:
    if not begin:
        return begin
    start = _line_start(text, begin - 1)
    return begin if _BREAK.fullmatch(text, start, begin - 1) else start


def _below(text: str, until: int) -> int:
    if until >= len(text):
        return until
    end = _line_end(text, until + 1)
    return until if _BREAK.fullmatch(text, until + 1, end) else end
