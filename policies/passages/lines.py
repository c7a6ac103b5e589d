"""The lines around a finding in fixed text: what people trust for good."""

from __future__ import annotations

import re

from policies.passages.names import normalised

SHORTEST = 40
"""Characters. What is shorter is joined with what stands beside it, so that `- production` alone
names nothing: first within its block, then beyond it."""
_TAG = r"</?[A-Za-z][\w.-]{0,40}(?: [^<>]{0,200})?>"
_BREAK = re.compile(rf"\s*+(?:(?:```|~~~)[\w+-]*+|{_TAG})?+\s*+")
_LONGEST = 4096
"""Characters. Lines that go on for longer on one side of a finding are no lines that people read:
they can't be trusted apart from their text."""


def lines_around(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return where the lines that `[start, end)` touches begin, and where they end.

    Where they are short, neighbours of the same block belong to them: until a blank line, a tag or
    a fence. Where the block is short too, so do those around it. None where a line is too long.
    """
    begin, until = _line_start(text, start), _line_end(text, max(end - 1, start))
    within_block = True
    while begin is not None and until is not None:
        if is_long(text[begin:until]):
            return begin, until
        wider = (
            _above(text, begin, within_block=within_block),
            _below(text, until, within_block=within_block),
        )
        if wider == (begin, until) and not within_block:
            return wider
        if until - begin > _LONGEST:
            break
        within_block = within_block and wider != (begin, until)
        begin, until = wider
    return None


def is_long(text: str) -> bool:
    """Whether a text may have a name by itself."""
    return len(text) >= SHORTEST and len(normalised(text)) >= SHORTEST


def _line_start(text: str, at: int) -> int | None:
    farthest = max(at - _LONGEST, 0)
    return text.rfind("\n", farthest, at) + 1 or (None if farthest else 0)


def _line_end(text: str, at: int) -> int | None:
    end = text.find("\n", at, at + _LONGEST)
    if end >= 0:
        return end
    return len(text) if at + _LONGEST >= len(text) else None


def _above(text: str, begin: int, *, within_block: bool) -> int | None:
    if not begin:
        return begin
    start = _line_start(text, begin - 1)
    if within_block and start is not None and _BREAK.fullmatch(text, start, begin - 1):
        return begin
    return start


def _below(text: str, until: int, *, within_block: bool) -> int | None:
    if until >= len(text):
        return until
    end = _line_end(text, until + 1)
    if within_block and end is not None and _BREAK.fullmatch(text, until + 1, end):
        return until
    return end
