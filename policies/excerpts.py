"""Findings in their surroundings, safe to show: secrets masked, control characters visible."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from app.domain.verdict import Excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.segment import Segment
    from policies.compiled import Catalog
    from policies.scanner import Span

CONTEXT = 60
"""Characters shown on each side of a finding."""
MOST_WORDS = 120
MOST = 5
"""Excerpts for each rule."""

_MORE = "…"


class SafeText:
    """A text of which any stretch can be shown; what is secret in it is found once."""

    def __init__(self, catalog: Catalog, text: str) -> None:
        self._text = text
        self._secrets = _joined(catalog.everything.find(text), catalog)

    def excerpt(self, segment: Segment, span: Span) -> Excerpt:
        before = self._show(max(0, span.start - CONTEXT), span.start)
        words = self._show(span.start, min(span.end, span.start + MOST_WORDS))
        after = self._show(span.end, span.end + CONTEXT)
        return Excerpt(before, words, after, segment.place)

    def _show(self, start: int, end: int) -> str:
        out: list[str] = []
        at = start
        for first, last, label in self._secrets:
            if last <= start or first >= end:
                continue
            out += [_visible(self._text[at : max(at, first)]), label]
            at = last
        out.append(_visible(self._text[at:end]))
        return "".join(out)


def _joined(spans: Sequence[Span], catalog: Catalog) -> list[tuple[int, int, str]]:
    """Join what overlaps, as the masker does; the first one names it."""
    joined: list[tuple[int, int, str]] = []
    for span in spans:
        if joined and span.start < joined[-1][1]:
            first, last, label = joined[-1]
            joined[-1] = (first, max(last, span.end), label)
        else:
            label = catalog.label(catalog.everything.targets[span.target])
            joined.append((span.start, span.end, label))
    return joined


def _visible(text: str) -> str:
    return "".join(_show(ch) for ch in text)


def _show(ch: str) -> str:
    if ch == "\n":
        return "⏎"
    if ch == "\t":
        return " "
    match unicodedata.category(ch):
        case "Cc":
            return chr(0x2400 + ord(ch)) if ord(ch) < 0x20 else "\ufffd"
        case "Cf" | "Cs" | "Zl" | "Zp":
            return ""
        case _:
            return ch
