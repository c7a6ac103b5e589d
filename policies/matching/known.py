"""Values that were masked in a request, looked for wherever they come again.

A password is told by its name: `password = "Tr0ub4dor&3"`. Later in the conversation, and in the
answer, the same value comes without that name ("I have set Tr0ub4dor&3 as you asked"), where no
pattern tells it from any other word. So the values that were masked in one text of a request are
masked in all its texts, and in its answer:

    password = "Tr0ub4dor&3" … set Tr0ub4dor&3   →   password = "[password]" … set [password]

The values live as long as their request and are neither stored nor logged.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from policies.matching.masker import Masker
from policies.matching.plan import Plan
from policies.matching.target import exact_target
from policies.patterns.charset import ALNUM
from policies.patterns.pattern import Pattern
from policies.patterns.words import MAX_EXACT, literal_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policies.matching.scanner import Span

KNOWN = "masked-in-request"
"""What the record calls the reason of a mask in an answer, beside the ids of rules."""

FEWEST = 8
"""Characters of a value. Shorter ones come again by chance."""

MOST = 500
"""Values of one request, the first ones: each costs time in all of its texts."""


class Known:
    """The values masked in one request, each with the label that took its place."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """`values` are labels by value."""
        kept = [value for value in values if len(value.strip()) >= FEWEST][:MOST]
        self.values = {value: values[value] for value in kept}
        self.labels = tuple(self.values.values())

    def __reduce__(self) -> tuple[type[Known], tuple[Mapping[str, str]]]:
        return Known, (self.values,)

    def warm(self) -> None:
        """Do now what the first text would wait for: 50 ms for 500 values."""
        if self.labels:
            self.plan  # noqa: B018 - which makes it

    @cached_property
    def plan(self) -> Plan:
        return Plan([exact_target(KNOWN, _pattern(value.strip())) for value in self.values])

    def places(self, text: str) -> list[tuple[int, int, str]]:
        """Return where known values stand, in order: start, end and label. Raises TooDense."""
        return [(found.start, found.end, self.labels[found.target]) for found in self._in(text)]

    def _in(self, text: str) -> tuple[Span, ...]:
        return self.plan.find(text) if self.labels else ()

    def mask(self, text: str) -> str:
        """Return the text with a label in place of each known value."""
        if not self.labels:
            return text
        masker = Masker(self.plan, self.labels.__getitem__)
        return masker.feed(text) + masker.finish()


NOTHING_KNOWN = Known({})


def _pattern(value: str) -> Pattern:
    """Return the value's pattern: of letters alone it is a word, which may be part of another.

    A value that is longer than any word stands for itself (and has no end to look behind).
    """
    pattern = literal_pattern(value)
    if not value.isalpha() or len(value) > MAX_EXACT:
        return pattern
    return Pattern(pattern.node, not_before=ALNUM, not_after=ALNUM)
