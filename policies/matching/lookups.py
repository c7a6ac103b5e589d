"""Tells which of many targets match somewhere in a text, by one pass of Hyperscan for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.matching.hyperscan import PatternDatabase
from policies.patterns.render import after, before, render
from policies.patterns.squeeze import spelled_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policies.matching.hyperscan import Expression
    from policies.matching.matcher import Scannable
    from policies.patterns.pattern import Pattern


class PatternLookup:
    """Finds the patterns that match a text as it is."""

    def __init__(
        self,
        expressions: list[Expression] | Callable[[], list[Expression]],
        sources: Sequence[str] = (),
    ) -> None:
        self._database = PatternDatabase(expressions, sources=sources)

    def hits(self, text: Scannable) -> list[int]:
        return self._database.hits(text.data)


class WordLookup:
    """Finds the words whose letters follow each other in a text, whatever stands between them.

    That is enough to look closer at a long word; a short one must be spelled out letter by letter.
    """

    def __init__(self, long: list[Expression], short: list[Expression]) -> None:
        self._short = {at for at, _ in short}
        self._anywhere = PatternDatabase([*long, *short])
        self._spelled = PatternDatabase(short) if short else None

    def hits(self, text: Scannable) -> list[int]:
        hits = self._anywhere.hits(text.letters)
        if self._spelled is None or self._short.isdisjoint(hits):
            return hits
        long = [at for at in hits if at not in self._short]
        return long + self._spelled.hits(spelled_out(text.view, text.data))


def literal(letters: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in letters)


def expression(pattern: Pattern) -> bytes:
    inside = render(pattern.node)
    return (before(pattern.not_before) + inside + after(pattern.not_after)).encode()
