"""The lines around a finding in fixed text: what people trust for good."""

from __future__ import annotations

import re

from policies.passages.names import normalised

SHORTEST = 40
"""Characters. A shorter line is joined with its neighbours, so that `- production` alone names
nothing."""
_TAG = r"</?[A-Za-z][\w.-]{0,40}(?: [^<>]{0,200})?>"
_BREAK = re.compile(rf"\s*(?:(?:```|~~~)[\w+-]*|{_TAG})?\s*")
_FARTHEST = 4096
"""Characters. A line that goes on for longer is trusted by this stretch on each side."""


def lines_around(text: str, start: int, end: int) -> str:
    """Return the lines that `[start, end)` touches.

    Where they are short, neighbours of the same block belong to them: until a blank line, a tag or
    a fence.
    """
    begin = max(text.rfind("\n", 0, start) + 1, start - _FARTHEST)
    until = min(_line_end(text, max(end - 1, start)), end + _FARTHEST)
    while len(normalised(text[begin:until])) < SHORTEST:
        wider = _above(text, begin), _below(text, until)
        if wider == (begin, until):
            break
        begin, until = wider
    return text[begin:until]


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def _above(text: str, begin: int) -> int:
    if not begin:
        return begin
    start = max(text.rfind("\n", 0, begin - 1) + 1, begin - _FARTHEST)
    return begin if _BREAK.fullmatch(text, start, begin - 1) else start


def _below(text: str, until: int) -> int:
    if until >= len(text):
        return until
    end = min(_line_end(text, until + 1), until + _FARTHEST)
    return until if _BREAK.fullmatch(text, until + 1, end) else end
