"""Findings in their surroundings, safe to show: secrets masked, control characters visible."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from app.domain.verdict import Excerpt
from policies.findings import Inspected
from policies.masker import WITHHELD
from policies.scanner import TooDense

if TYPE_CHECKING:
    from app.domain.segment import Segment
    from policies.compiled import Catalog
    from policies.findings import Finding

CONTEXT = 60
"""Characters shown on each side of a finding."""
MOST_WORDS = 120
MOST = 5
"""Excerpts for each rule."""

_MORE = "…"


class SafeText:
    """A text of which any stretch can be shown; what is secret in it is found once."""

    def __init__(self, catalog: Catalog, text: Inspected) -> None:
        self._catalog = catalog
        self._text = text.text
        self._secrets: list[tuple[int, int, str]] | None
        try:
            covered = catalog.everything.cover(text)
        except TooDense:
            self._secrets = None
        else:
            self._secrets = [(start, end, catalog.label(target)) for start, end, target in covered]

    def excerpt(self, segment: Segment, finding: Finding) -> Excerpt:
        before = self._show(max(0, finding.start - CONTEXT), finding.start)
        after = self._show(finding.end, finding.end + CONTEXT)
        how = finding.reading.how
        place = f"{segment.place} ({how})" if how else segment.place
        return Excerpt(before, self._words(finding), after, place)

    def _words(self, finding: Finding) -> str:
        if not finding.reading.how:
            return self._show(finding.start, min(finding.end, finding.start + MOST_WORDS))
        read = SafeText(self._catalog, Inspected(finding.reading.text))
        return read._show(finding.first, min(finding.last, finding.first + MOST_WORDS))

    def _show(self, start: int, end: int) -> str:
        if self._secrets is None:
            return WITHHELD
        out: list[str] = []
        at = start
        for first, last, label in self._secrets:
            if last <= start or first >= end:
                continue
            out += [_visible(self._text[at : max(at, first)]), label]
            at = last
        out.append(_visible(self._text[at:end]))
        return "".join(out)


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
