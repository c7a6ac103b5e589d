"""What is found in the texts of a request, in every reading of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from policies.masker import WITHHELD
from policies.matcher import Matcher, Scannable
from policies.scanner import Span, Target, TooDense, in_order
from policies.views import AsItStands, Reading, readings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Finding:
    """A match of a target: `[start, end)` in the text, `[first, last)` in the reading of it."""

    target: Target
    start: int
    end: int
    reading: Reading
    first: int
    last: int


class Inspected:
    """A text in all its readings, each made ready for scanning."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.readings = [(reading, Scannable(reading.text)) for reading in readings(text)]


class Finder:
    """Looks for some targets, each of which is in one of the matchers.

    It costs one pass a reading and matcher, however many targets there are. Where two matches
    begin at one place, the target that stands first gives its name.
    """

    def __init__(self, matchers: Sequence[Matcher], targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        order = {target: at for at, target in enumerate(self.targets)}
        parts = [
            (matcher, {at: order[t] for at, t in enumerate(matcher.targets) if t in order})
            for matcher in matchers
        ]
        self._parts = [(matcher, wanted) for matcher, wanted in parts if wanted]

    def find(self, text: Inspected) -> list[Finding]:
        """Return what is found in a text, in order; the same thing in two readings counts once."""
        found: list[Finding] = []
        seen: dict[Target, _Stretches] = defaultdict(_Stretches)
        for reading, scannable in text.readings:
            for span in self._spans(scannable):
                finding = self._finding(reading, span)
                if seen[finding.target].add(finding.start, finding.end):
                    found.append(finding)
        return sorted(found, key=lambda finding: finding.start)

    def _spans(self, text: Scannable) -> list[Span]:
        return sorted(
            (
                Span(span.start, wanted[span.target], span.end)
                for matcher, wanted in self._parts
                for span in matcher.find(text, wanted)
            ),
            key=in_order,
        )

    def cover(self, text: Inspected) -> list[tuple[int, int, Target]]:
        """Return the stretches that must not be shown, in order and apart, each with its name.

        Raises TooDense where too many matches are in progress at one place.
        """
        spans: list[tuple[int, int, int]] = []
        for reading, scannable in text.readings:
            for matcher, wanted in self._parts:
                for span in matcher.cover(scannable, wanted):
                    start, end = reading.origin(span.start, span.end)
                    spans.append((start, wanted[span.target], end))
        joined: list[tuple[int, int, Target]] = []
        for start, target, end in sorted(spans):
            if joined and start < joined[-1][1]:
                first, last, name = joined[-1]
                joined[-1] = (first, max(last, end), name)
            else:
                joined.append((start, end, self.targets[target]))
        return joined

    def mask(self, text: str, label: Callable[[Target], str]) -> str:
        """Return the text with a label in place of each stretch that must not be shown."""
        try:
            covered = self.cover(Inspected(text))
        except TooDense:
            return WITHHELD
        out: list[str] = []
        at = 0
        for start, end, target in covered:
            out += [text[at:start], label(target)]
            at = end
        return "".join([*out, text[at:]])

    def across(self, texts: Sequence[str]) -> list[tuple[int, Finding]]:
        """Return what is found only where texts meet, each with the number of its first text."""
        if len(texts) < 2:
            return []
        ends = list(accumulate(map(len, texts)))
        joined = AsItStands("".join(texts))
        across: list[tuple[int, Finding]] = []
        for span in self._spans(Scannable(joined.text)):
            at = next(number for number, end in enumerate(ends) if span.start < end)
            if span.end > ends[at]:
                across.append((at, self._finding(joined, span)))
        return across

    def _finding(self, reading: Reading, span: Span) -> Finding:
        start, end = reading.origin(span.start, span.end)
        return Finding(self.targets[span.target], start, end, reading, span.start, span.end)


class _Stretches:
    """Stretches of a text that do not overlap, in order."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> bool:
        """Add a stretch, and return whether it overlapped none."""
        at = bisect_left(self._starts, start)
        if (at and self._ends[at - 1] > start) or (
            at < len(self._starts) and self._starts[at] < end
        ):
            return False
        self._starts.insert(at, start)
        self._ends.insert(at, end)
        return True
