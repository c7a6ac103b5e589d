"""Finds matches in whole texts: one pass tells which targets match, the rest is for those alone.

Hyperscan reads the text once for all targets together, whatever their number. Where it reports
one, RE2 finds the places where it may begin, and the target's own automaton says where it ends.
All three take time that grows with the text and no faster.
"""

from __future__ import annotations

import sys
from functools import cached_property
from itertools import compress
from operator import not_
from typing import TYPE_CHECKING

import re2  # type: ignore[import-untyped]

from policies.matching.lookups import (
    NOWHERE,
    Openings,
    PatternLookup,
    WordLookup,
    begins,
    expression,
    literal,
)
from policies.matching.plan import Plan
from policies.matching.runs import is_noise, opaque_runs
from policies.matching.scanner import Scanner, Span
from policies.patterns import seams
from policies.patterns.charset import ANY
from policies.patterns.effort import Effort, TooDense
from policies.patterns.ends import BESIDE, Repetition
from policies.patterns.normalise import BAR, TRANSPARENT, barred_view, odd_characters, scan_view
from policies.patterns.pattern import Chars, Repeat
from policies.patterns.places import first
from policies.patterns.render import (
    after,
    before,
    edge,
    in_parts,
    render,
    view_bytes,
)
from policies.patterns.squeeze import squeezed
from policies.patterns.words import LONG, exact_pattern

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from policies.matching.hyperscan import Expression
    from policies.matching.target import Target


_MAX_PLANS = 256
_BAR = BAR.encode()
_STRIDE = 64
_LONGEST_STRIDE = 64 * 1024
_FEWEST_QUOTED = 3
_LEFT = max(seams.LONGEST, BESIDE)
_LONG_TAIL = 32  # what lies between the least and the most of a bounded token, at least


class Scannable:
    """A text made ready for scanning, once for however many matchers."""

    def __init__(self, text: str) -> None:
        """`text` may be several with bars between them."""
        odd = odd_characters(text)
        view = barred_view(text, odd)
        self._odd = set(barred_view("".join(odd)))
        self.view = view.replace(TRANSPARENT, "")
        """What a pattern sees: folded, and without invisible characters."""
        self.data = view_bytes(self.view, self._odd)
        self.effort = Effort(len(self.view))
        self.hits: dict[Matcher, tuple[int, ...]] = {}
        """What each matcher has reported, so that it need not look twice."""
        self._whole = view

    @cached_property
    def fenced(self) -> bytes:
        """The data with an edge to the left of the first character too."""
        return _BAR + self.data

    @cached_property
    def letters(self) -> bytes:
        """The letters of the view, whatever stands between them."""
        return squeezed(self.view, self._odd)

    @cached_property
    def seams(self) -> list[int]:
        """Where a match may begin though a letter stands to the left."""
        return seams.ends(self.view)

    @cached_property
    def _places(self) -> list[int] | None:
        if len(self.view) == len(self._whole):
            return None
        return [at for at, ch in enumerate(self._whole) if ch != TRANSPARENT]

    @cached_property
    def _runs(self) -> list[tuple[int, int]]:
        return opaque_runs(self._whole)

    def in_text(self, start: int, target: int, end: int, *, exact: bool) -> Span | None:
        """Return a stretch of the view as one of the text; None for noise in an opaque run.

        An `exact` one is never noise.
        """
        if self._places is not None:
            start, end = self._places[start], self._places[end - 1] + 1
        if not exact and is_noise(self._whole, self._runs, start):
            return None
        return Span(start, target, end)


class Matcher:
    """Many targets, of which each look may want only some. Several threads may share one."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self._finders = [_Finder(target) for target in self.targets]
        self._sweeps: dict[tuple[int, ...], _Sweep] = {}

    @cached_property
    def _lookups(self) -> list[PatternLookup | WordLookup]:
        """Patterns look at a text, words at other forms of it."""
        sources = [target.source for target in self.targets]
        if sources and all(sources):
            return [PatternLookup(self._expressions, sources)]
        patterns: list[Expression] = []
        long: list[Expression] = []
        short: list[Expression] = []
        for at, target in enumerate(self.targets):
            letters = squeezed(scan_view(target.words).replace(TRANSPARENT, ""))
            if not letters:
                patterns += [(at, each) for each in self._finders[at].expressions]
            elif len(letters) >= LONG:
                long.append((at, literal(letters)))
            else:
                patterns.append((at, expression(exact_pattern(target.words))))
                short.append((at, literal(letters)))
        found: list[PatternLookup | WordLookup] = []
        if patterns:
            # A value that is known is a secret.
            secret = any(target.exact for target in self.targets)
            found.append(PatternLookup(patterns, secret=secret))
        if long or short:
            found.append(WordLookup(long, short))
        return found

    def _expressions(self) -> list[Expression]:
        return [
            (at, each) for at, finder in enumerate(self._finders) for each in finder.expressions
        ]

    def warm(self) -> None:
        """Read the compiled patterns now, not when a text first needs them."""
        self.hits(Scannable("a text"))

    def find(self, text: Scannable, wanted: Container[int], most: int = sys.maxsize) -> list[Span]:
        """Return the matches of each wanted target; those of one do not overlap.

        Between two bars the first `most` of each. Raises TooDense where it takes too much to find
        them.
        """
        return [
            span
            for at in self.hits(text)
            if at in wanted
            for span in self._finders[at].spans(text, at, most)
        ]

    def all_spans(self, text: Scannable, wanted: Container[int]) -> list[Span]:
        """Return the matches that begin at any place at all, as the masker of a stream sees them.

        Raises TooDense where too many are in progress.
        """
        hits = [at for at in self.hits(text) if at in wanted]
        if not hits:  # as in most texts
            return []
        by_letters = [self._finders[at].by_letters for at in hits]
        found: list[Span] = []
        for group in (
            tuple(compress(hits, by_letters)),
            tuple(compress(hits, map(not_, by_letters))),
        ):
            spans = self._sweep(group).spans(text) if group else []
            placed = (
                text.in_text(s.start, number, s.end, exact=self.targets[number].exact)
                for s in spans
                for number in (group[s.target],)
            )
            found += filter(None, placed)
        return found

    def _sweep(self, hits: tuple[int, ...]) -> _Sweep:
        if hits not in self._sweeps:
            if len(self._sweeps) >= _MAX_PLANS:
                self._sweeps.clear()
            self._sweeps[hits] = _Sweep([self.targets[at] for at in hits])
        return self._sweeps[hits]

    def hits(self, text: Scannable) -> tuple[int, ...]:
        """Return the targets that match somewhere, in their order."""
        if self not in text.hits:
            hits = {at for lookup in self._lookups for at in lookup.hits(text)}
            text.hits[self] = tuple(sorted(hits))
        return text.hits[self]


class _Sweep:
    """Follows a few targets through a text, and leaps over what none of them begins in."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._plan = Plan(targets)
        self._openings = Openings(targets)

    def spans(self, text: Scannable) -> list[Span]:
        view, effort = text.view, Effort(len(text.view))
        found: dict[Span, None] = {}
        at = 0
        while (begin := self._openings.search(text, at)) != NOWHERE:
            scanner = Scanner(self._plan, view[max(begin - _LEFT, 0) : begin])
            self._follow(scanner, text, begin, effort)
            scanner.finish()
            for span in scanner.done:
                found[Span(begin + span.start, span.target, begin + span.end)] = None
            # An opening that has begun is looked for again: most never end.
            at = max(begin + scanner.begun, begin + 1)
        return list(found)

    def _follow(self, scanner: Scanner, text: Scannable, begin: int, effort: Effort) -> None:
        """Read from `begin` on until nothing is in progress; long tokens mostly at a leap."""
        view, begins, stride = text.view, -1, _STRIDE
        end = len(view)
        while (scanner.candidates or not scanner.length) and (here := begin + scanner.length) < end:
            if scanner.candidates:
                if begins < here:
                    begins = self._next_beginning(text, here)
                piece = view[here : min(begins, here + stride)]
                if rested := scanner.rest(piece):
                    stride = min(2 * stride, _LONGEST_STRIDE) if rested == stride else _STRIDE
                    continue
            stride = _STRIDE
            scanner.read(view[here : here + _STRIDE])
            effort.spend(scanner.steps)
            scanner.steps = 0
            if scanner.shut_at >= 0:
                raise TooDense

    def _next_beginning(self, text: Scannable, here: int) -> int:
        """Return where the next match may begin, or before `here` where one may be about to."""
        return self._openings.search(text, max(0, here - self._plan.tree.longest))


def _bar_after(view: str, at: int) -> int:
    bar = view.find(BAR, at)
    return bar if bar >= 0 else len(view)


class _Finder:
    """Finds one target in a view without invisible characters."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def expressions(self) -> list[bytes]:
        """What matches wherever the target does, for Hyperscan: some names at a time."""
        target = self._target
        nodes = list(target.nodes)
        ends = after(target.not_after, target.followed_by)
        if target.quoted:
            # A quote takes almost anything; whether it ends is looked at where it begins.
            nodes[-1], ends = Repeat(Chars(ANY), _FEWEST_QUOTED, _FEWEST_QUOTED), ""
        elif target.value.bound:
            # Where the bound is reached, the token may go on behind it; see `shape.beyond`.
            ends = f"(?:{ends}|{render(Repeat(Chars(target.value.tail), _LONG_TAIL, _LONG_TAIL))})"
        inside = "".join(map(render, nodes[1:])) + ends
        start = before(target.not_before)
        return [(start + render(head) + inside).encode() for head in in_parts(nodes[0])]

    @property
    def by_letters(self) -> bool:
        return self._openings.by_letters

    @cached_property
    def _openings(self) -> Openings:
        return Openings([self._target])

    @cached_property
    def _after_edge(self) -> re2._Regexp:
        """What finds an opening, one character after what it is to the right of."""
        left = edge(self._target.not_before)
        return re2.compile(f"{left}(?:{begins(self._target)})".encode())

    def spans(self, text: Scannable, number: int, most: int) -> Iterator[Span]:
        """Yield the matches from left to right, as they stand in the text, each the longest.

        After `most` of them it goes on behind the next bar.
        """
        at, left, bar = 0, most, -1
        target = Repetition(self._target, text.view, text.effort)
        behind_seams = self._behind_seams(text)
        seam = next(behind_seams, NOWHERE)
        ahead = self._next(text, at)
        while (begin := min(seam, ahead)) != NOWHERE:
            at = begin + 1
            if (span := target.match(begin)) is not None:
                at = span[1]
                if (
                    found := text.in_text(span[0], number, at, exact=self._target.exact)
                ) is not None:
                    if begin > bar:
                        left, bar = most, _bar_after(text.view, begin)
                    yield found
                    left -= 1
                    at = at if left else bar
            while seam < at:
                seam = next(behind_seams, NOWHERE)
            # There may be many seams before it: it is looked for once.
            if ahead < at:
                ahead = self._next(text, at)

    def _next(self, text: Scannable, at: int) -> int:
        if not self._target.not_before.bits:
            return self._openings.search(text, at)
        begin, _ = first(self._after_edge, text.fenced, at)
        return begin if begin >= 0 else NOWHERE

    def _behind_seams(self, text: Scannable) -> Iterator[int]:
        if self._target.not_before.bits:
            yield from (at for at in text.seams if self._openings.match(text, at))
