"""Finds matches in whole texts: one pass tells which targets match, the rest is for those alone.

Hyperscan reads the text once for all targets together, whatever their number. Where it reports
one, RE2 finds the places where it may begin, and the target's own automaton says where it ends.
All three take time that grows with the text and no faster.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import hyperscan
import re2  # type: ignore[import-untyped]

from policies.normalise import TRANSPARENT, scan_view
from policies.render import after, before, render, render_sets, view_bytes
from policies.scanner import Plan, Span, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policies.automaton import Automaton
    from policies.scanner import Target


_MAX_PLANS = 256


class Matcher:
    """The targets of one purpose. Not for use by several threads at once."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self._finders = [_Finder(target) for target in self.targets]
        self._plans: dict[tuple[int, ...], Plan] = {}

    @cached_property
    def _database(self) -> hyperscan.Database:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        count = len(self.targets)
        database.compile(
            expressions=[finder.expression for finder in self._finders],
            ids=list(range(count)),
            elements=count,
            flags=[hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL] * count,
        )
        return database

    def find(self, text: str) -> tuple[Span, ...]:
        """Return the matches in order of start. Those of one target do not overlap."""
        if not self.targets or not text:
            return ()
        view = scan_view(text)
        visible = view.replace(TRANSPARENT, "")
        data = view_bytes(visible)
        found = [
            Span(start, at, end)
            for at in self._hits(data)
            for start, end in self._finders[at].spans(visible, data)
        ]
        if found and len(visible) < len(view):
            places = [at for at, ch in enumerate(view) if ch != TRANSPARENT]
            found = [Span(places[s.start], s.target, places[s.end - 1] + 1) for s in found]
        return tuple(sorted(found, key=in_order))

    def cover(self, text: str) -> tuple[Span, ...]:
        """Return the matches that begin at any place at all, as the masker of a stream sees them.

        Raises TooDense where too many are in progress at one place.
        """
        if not self.targets or not text:
            return ()
        visible = scan_view(text).replace(TRANSPARENT, "")
        hits = tuple(sorted(self._hits(view_bytes(visible))))
        if not hits:
            return ()
        if hits not in self._plans:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            self._plans[hits] = Plan([self.targets[at] for at in hits])
        spans = self._plans[hits].find(text)
        return tuple(Span(span.start, hits[span.target], span.end) for span in spans)

    def _hits(self, data: bytes) -> list[int]:
        hits: list[int] = []

        def note(target: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            hits.append(target)

        self._database.scan(data, match_event_handler=note)
        return hits


class _Finder:
    """Finds one target in a view without invisible characters."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def expression(self) -> bytes:
        """What matches wherever the target does, for Hyperscan."""
        target = self._target
        inside = "".join(render(node) for node in target.nodes)
        return (before(target.not_before) + inside + after(target.not_after)).encode()

    @cached_property
    def _opening(self) -> re2._Regexp:
        return re2.compile("|".join(map(render_sets, self._target.openings)).encode())

    def spans(self, view: str, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield the matches from left to right, each the longest from its start."""
        guard = self._target.not_before
        at = 0
        while (hit := self._opening.search(data, at)) is not None:
            begin = hit.start()
            at = begin + 1
            if begin and view[begin - 1] in guard:
                continue
            if (span := self._match(view, begin)) is not None:
                yield span
                at = span[1]

    def _match(self, view: str, begin: int) -> tuple[int, int] | None:
        context = self._target.context
        starts = [begin] if context is None else _ends(context, view, begin)
        for start in starts:
            ends = [
                end for end in _ends(self._target.secret, view, start) if self._may_end(view, end)
            ]
            valid = self._target.valid
            for end in reversed(ends):
                if valid is None or valid(view[start:end]):
                    return start, end
        return None

    def _may_end(self, view: str, end: int) -> bool:
        return end == len(view) or view[end] not in self._target.not_after


def _ends(automaton: Automaton, view: str, start: int) -> list[int]:
    """Return all places where a match from `start` on may end."""
    ends: list[int] = []
    state = automaton.start
    for at in range(start, len(view)):
        state = state[view[at]]
        if state.accepts:
            ends.append(at + 1)
        if state.final:
            break
    return ends
