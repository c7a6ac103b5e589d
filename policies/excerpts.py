"""Findings in their surroundings, safe to show: secrets masked, control characters visible."""

from __future__ import annotations

import unicodedata
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from app.domain.passage import LINE_END
from policies.matching.findings import Inspected
from policies.matching.known import Known
from policies.matching.masker import WITHHELD
from policies.patterns.effort import TooDense

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policies.compiled_catalog import Catalog

CONTEXT = 60
"""Characters shown on each side of a finding."""
MOST_WORDS = 120
MOST = 5
"""Excerpts for each rule."""

Secret: TypeAlias = "tuple[int, int, str]"  # noqa: S105 - a type
"""Where a secret starts and ends in a text, and the label in its place."""

_MORE = "…"


class SafeText:
    """A text of which stretches can be shown; what is secret in it is found once."""

    def __init__(
        self,
        catalog: Catalog,
        text: str,
        within: tuple[int, int],
        *,
        values: Mapping[str, str],
        secrets: Sequence[Secret] = (),
    ) -> None:
        """`within` is looked through, for what is shown well inside it.

        `values` are secrets found elsewhere in the request, each with its label; `secrets` are
        known stretches of this text, which may begin before `within`.
        """
        self._text = text
        self._secrets: list[Secret] | None
        start, end = within
        try:
            found = _secrets(catalog, text[start:end], values)
            placed = [(start + first, start + last, label) for first, last, label in found]
            self._secrets = sorted([*placed, *secrets], key=itemgetter(0))
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
        for begin, until, label in self._secrets:
            if until <= at or begin >= end:
                continue
            out += [visible(self._text[at : max(at, begin)]), label]
            at = until
        out.append(visible(self._text[at:end]))
        return "".join(out)


def _secrets(catalog: Catalog, text: str, values: Mapping[str, str]) -> list[Secret]:
    """Return all that is secret in a text; it may overlap."""
    [redactions] = catalog.everything.redactions(Inspected(text))
    found = [(one.start, one.end, catalog.label(one.target)) for one in redactions]
    known = Known({text[start:end]: label for start, end, label in found} | dict(values))
    return [*found, *known.places(text)]


def visible(text: str) -> str:
    """Return a text on one line, with control characters shown as signs."""
    return "".join(_show(ch) for ch in text)


def _show(ch: str) -> str:
    if ch == "\n":
        return LINE_END
    if ch == "\t":
        return " "
    match unicodedata.category(ch):
        case "Cc":
            return chr(0x2400 + ord(ch)) if ord(ch) < 0x20 else "\ufffd"
        case "Cf" | "Cs" | "Zl" | "Zp":
            return ""
        case _:
            return ch
