"""Findings in their surroundings, safe to show: secrets masked, control characters visible."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from policies.effort import TooDense
from policies.findings import Inspected
from policies.masker import WITHHELD

if TYPE_CHECKING:
    from policies.compiled import Catalog
    from policies.covers import Cover

CONTEXT = 60
"""Characters shown on each side of a finding."""
MOST_WORDS = 120
MOST = 5
"""Excerpts for each rule."""

_MORE = "…"


class SafeText:
    """A text of which any stretch can be shown; what is secret in it is found once."""

    def __init__(self, catalog: Catalog, text: str) -> None:
        self._catalog = catalog
        self._text = text
        self._secrets: list[Cover] | None
        try:
            [self._secrets] = catalog.everything.cover(Inspected(text))
        except TooDense:
            self._secrets = None

    def before(self, start: int) -> str:
        """Return what stands before a finding, with an ellipsis where more does."""
        first = max(0, start - CONTEXT)
        return (_MORE if first else "") + self.show(first, start)

    def after(self, end: int) -> str:
        """Return what stands after a finding, with an ellipsis where more does."""
        last = end + CONTEXT
        return self.show(end, last) + (_MORE if last < len(self._text) else "")

    def show(self, start: int, end: int) -> str:
        """Return the stretch with its secrets masked."""
        if self._secrets is None:
            return WITHHELD
        out: list[str] = []
        at = start
        for secret in self._secrets:
            if secret.end <= start or secret.start >= end:
                continue
            label = self._catalog.label(secret.target)
            out += [_visible(self._text[at : max(at, secret.start)]), label]
            at = secret.end
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
