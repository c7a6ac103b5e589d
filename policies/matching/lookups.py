"""Tells which of many targets match somewhere in a text, or begin there, by one pass for all."""

from __future__ import annotations

import re
import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import re2  # type: ignore[import-untyped]

from policies.matching.hyperscan import PatternDatabase
from policies.patterns.beginnings import LONGEST
from policies.patterns.openings import is_frequent
from policies.patterns.places import first
from policies.patterns.render import (
    after,
    before,
    behind_edge,
    render,
    render_letters,
    render_sets,
    told_apart,
)
from policies.patterns.squeeze import spelled_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policies.matching.hyperscan import Expression
    from policies.matching.matcher import Scannable
    from policies.matching.target import Target
    from policies.patterns.pattern import Pattern


NOWHERE = sys.maxsize
"""Behind every text."""
_MANY = 32
_BYTES = re2.Options()
_BYTES.encoding = re2.Options.Encoding.LATIN1


class PatternLookup:
    """Finds the patterns that match a text as it is."""

    def __init__(
        self,
        expressions: list[Expression] | Callable[[], list[Expression]],
        sources: Sequence[str] = (),
        *,
        secret: bool = False,
    ) -> None:
        self._database = PatternDatabase(expressions, sources=sources, secret=secret)

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


class Places(NamedTuple):
    """Where matches of `targets` may begin: at most `LONGEST` characters before the `ends`."""

    ends: list[int]
    targets: set[int]


class Beginnings:
    """Finds where a match may begin that goes on for `LONGEST` characters, or ends within them.

    Of many targets that all catalogs have, by Hyperscan; of others by RE2, which takes little time
    to prepare and keeps nothing of what may be a secret.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        known = [at for at, target in enumerate(targets) if target.source]
        known = known if len(known) >= _MANY else []
        own = sorted({*range(len(targets))}.difference(known))
        self._own = (
            re2.compile(b"|".join(_begin(targets[at]) for at in own), _BYTES) if own else None
        )
        self._own_targets = frozenset(own)
        self._shared: PatternDatabase | None = None
        self._numbers = known
        if known:
            shared = [targets[at] for at in known]
            sources = [target.source for target in shared]
            expressions = partial(_beginnings, shared)
            self._shared = PatternDatabase(expressions, sources=sources, each_end=True)

    def look(self, data: bytes, most: int) -> Places | None:
        """Look through a view, given as its `apart_bytes`; in it, all can be seen.

        None where there are more than `most` beginnings.
        """
        ends: list[int] = []
        targets: set[int] = set()
        if self._shared is not None:
            found = self._shared.ends(data, most)
            if found is None:
                return None
            ends = [end for end, _ in found]
            targets = {self._numbers[number] for _, number in found}
        at = 0
        while self._own is not None and (hit := self._own.search(data, at)) is not None:
            if len(ends) >= most:
                return None
            ends.append(hit.start() + LONGEST)
            at = hit.start() + 1
            targets |= self._own_targets
        return Places(ends, targets)


def begins(target: Target) -> str:
    """Return an expression for how each match begins: of an opening that is frequent, for more.

    Any letter may begin an address of e-mail, few letters do.
    """
    if is_frequent(target.openings):
        return render(target.beginning, bounded=True)
    return "|".join(map(render_sets, target.openings))


class Openings:
    """Finds where a match may begin in a whole text; `at` is where to look from.

    By bytes, which tell no letters beyond ASCII apart; where all begin with such, by letters.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        openings = [opening for target in targets for opening in target.openings]
        letters = list(dict.fromkeys(map(render_letters, openings)))
        self.by_letters = all(letters)
        self._letters = re.compile("|".join(letters))
        self._bytes = re2.compile("|".join(dict.fromkeys(map(begins, targets))).encode())

    def search(self, text: Scannable, at: int) -> int:
        """Return where the first one begins, `NOWHERE` without any."""
        if self.by_letters:
            hit = self._letters.search(text.view, at)
            return NOWHERE if hit is None else hit.start()
        begin, _ = first(self._bytes, text.data, at)
        return begin if begin >= 0 else NOWHERE

    def match(self, text: Scannable, at: int) -> bool:
        return self._bytes.match(text.data, at) is not None


def _beginnings(targets: Sequence[Target]) -> list[Expression]:
    return [(at, _begin(target)) for at, target in enumerate(targets)]


def _begin(target: Target) -> bytes:
    return f"{behind_edge(target.not_before)}(?:{render(target.beginning, told_apart)})".encode()


def literal(letters: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in letters)


def expression(pattern: Pattern) -> bytes:
    inside = render(pattern.node)
    return (before(pattern.not_before) + inside + after(pattern.not_after)).encode()
