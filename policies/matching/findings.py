"""What is found in the texts of a request, in every reading of them."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING

from policies.matching.masker import WITHHELD
from policies.matching.matcher import Matcher, Scannable
from policies.matching.readings import AsItStands, Reading, readings
from policies.matching.redactions import Redaction, extended, joined
from policies.matching.scanner import Span, in_order
from policies.matching.target import Target
from policies.patterns.effort import TooDense
from policies.patterns.normalise import BAR, barred

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MOST = 200
"""Findings of one target in one text and reading; no person reads so many. The next one stands for
all the rest: people decide on such a text as a whole."""
SEAM = "together with what follows"
"""How a finding was read that only texts one after the other show."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A match of a target: `[start, end)` in the text, `[first, last)` in the reading of it.

    `number` is that of the text, where several were looked at together. After a `crowded` one the
    text was not looked through any further for this target.
    """

    target: Target
    start: int
    end: int
    reading: Reading
    first: int
    last: int
    number: int = 0
    crowded: bool = False


class Inspected:
    """Texts in all their readings, made ready for scanning all at once.

    Nothing is found that is not in one of them: to look at many short texts costs what it costs
    to look at one that is as long as all of them.
    """

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        whole = barred(texts)
        self.readings = [(reading, Scannable(reading.text)) for reading in readings(whole)]
        self._starts = [0, *accumulate(len(text) + len(BAR) for text in texts)]

    def place(self, start: int, end: int) -> tuple[int, int, int]:
        """Return the number of a text, and the stretch of it that stands at `[start, end)`."""
        number = bisect_right(self._starts, start) - 1
        begin = self._starts[number]
        return number, start - begin, min(end - begin, len(self.texts[number]))


def _ignored(_value: str, _target: Target) -> None:
    """Nothing is kept of what was masked."""


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

    def find(self, inspected: Inspected) -> list[Finding]:
        """Return what is found, in order; the same thing in two readings counts once.

        Of each target the first `MOST` in each text and reading, and then a crowded one. Raises
        TooDense where it takes too much to find them.
        """
        found: list[Finding] = []
        seen: dict[tuple[Target, int], _Stretches] = defaultdict(_Stretches)
        for reading, scannable in inspected.readings:
            if not (spans := sorted(self._spans(scannable, MOST + 1), key=in_order)):
                continue
            counts: Counter[tuple[int, int]] = Counter()
            for span in spans:
                start, end = reading.origin(span.start, span.end)
                number, start, end = inspected.place(start, end)
                target = self.targets[span.target]
                counts[span.target, number] += 1
                crowded = counts[span.target, number] > MOST
                if seen[target, number].add(start, end) or crowded:
                    place = (start, end, reading, span.start, span.end, number)
                    found.append(Finding(target, *place, crowded=crowded))
        return sorted(found, key=lambda finding: (finding.number, finding.start))

    def present(self, text: Scannable) -> tuple[int, ...]:
        """Return which of the targets match somewhere in a text, and perhaps some more."""
        hits = ((matcher.hits(text), wanted) for matcher, wanted in self._parts)
        return tuple(sorted(wanted[at] for each, wanted in hits for at in each if at in wanted))

    def _spans(self, text: Scannable, most: int) -> Iterator[Span]:
        for matcher, wanted in self._parts:
            for span in matcher.find(text, wanted, most):
                yield Span(span.start, wanted[span.target], span.end)

    def redactions(self, inspected: Inspected) -> list[list[Redaction]]:
        """Return for each text the stretches that must not be shown, in order and apart.

        Raises TooDense where there is too much to follow.
        """
        shown: list[list[Redaction]] = [[] for _ in inspected.texts]
        hidden: list[list[Redaction]] = [[] for _ in inspected.texts]
        for reading, scannable in inspected.readings:
            redactions = hidden if reading.how else shown
            for begin, target, until in sorted(self._stretches(reading, scannable)):
                number, start, end = inspected.place(begin, until)
                redactions[number].append(Redaction(start, end, self.targets[target]))
        return [
            extended(joined(plain), sorted(others, key=attrgetter("start")), text)
            if plain or others
            else []
            for text, plain, others in zip(inspected.texts, shown, hidden, strict=True)
        ]

    def _stretches(self, reading: Reading, text: Scannable) -> Iterator[tuple[int, int, int]]:
        """Yield the stretches of the original text that a reading hides: start, target, end."""
        for matcher, wanted in self._parts:
            for span in matcher.all_spans(text, wanted):
                start, end = reading.origin(span.start, span.end)
                yield start, wanted[span.target], end

    def mask(self, text: str, label: Callable[[Target], str]) -> str:
        """Return the text with a label in place of each stretch that must not be shown."""
        return self.mask_all([text], label)[0]

    def mask_all(
        self,
        texts: Sequence[str],
        label: Callable[[Target], str],
        masked: Callable[[str, Target], None] = _ignored,
        inspect: Callable[..., Inspected] = Inspected,
    ) -> list[str]:
        """Return each text masked, as `mask` does it; `masked` is given each value it replaced.

        `inspect` may know texts that were made ready before.
        """
        try:
            redactions = self.redactions(inspect(*texts))
        except TooDense:
            if len(texts) > 1:
                return [self.mask_all([text], label, masked)[0] for text in texts]
            return [WITHHELD]
        for text, redacted in zip(texts, redactions, strict=True):
            for redaction in redacted:
                masked(text[redaction.start : redaction.end], redaction.target)
        return [
            _masked(text, redacted, label) if redacted else text
            for text, redacted in zip(texts, redactions, strict=True)
        ]

    def across(self, texts: Sequence[str]) -> list[Finding]:
        """Return what is found only where texts meet."""
        if len(texts) < 2:
            return []
        starts = [0, *accumulate(map(len, texts))]
        joined = AsItStands("".join(texts), SEAM)
        across: list[Finding] = []
        seams = [
            span
            for span in self._spans(Scannable(joined.text.replace(BAR, " ")), sys.maxsize)
            if span.end > starts[bisect_right(starts, span.start)]
        ]
        for span in sorted(seams, key=in_order):
            at = bisect_right(starts, span.start) - 1
            target, start = self.targets[span.target], span.start - starts[at]
            across.append(Finding(target, start, len(texts[at]), joined, span.start, span.end, at))
        return across


def _masked(text: str, redacted: Sequence[Redaction], label: Callable[[Target], str]) -> str:
    out: list[str] = []
    at = 0
    for redaction in redacted:
        out += [text[at : redaction.start], label(redaction.target)]
        at = redaction.end
    return "".join([*out, text[at:]])


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
