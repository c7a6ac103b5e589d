"""What stands in the texts of one request: looked for once, asked by every rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from app.domain.segment import Role, Segment
from policies.excerpts import MOST, SafeText
from policies.findings import Finding, Inspected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.segment import Facts
    from app.domain.verdict import Excerpt
    from policies.compiled import Catalog, Rule


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding in the segment with this number."""

    segment: int
    finding: Finding


class Evidence:
    """The findings of all request rules in all texts, and excerpts of them."""

    def __init__(self, facts: Facts, catalog: Catalog) -> None:
        self._catalog = catalog
        self._segments = _segments(facts)
        self._texts = [Inspected(segment.text) for segment in self._segments]
        self._hits = self._find()
        self._safe: dict[int, SafeText] = {}

    def of(self, rule: Rule) -> list[Hit]:
        """Return what the rule looks for and what was found."""
        if rule.look_for is None:
            return []
        wanted = set(rule.look_for.targets)
        roles = rule.look_for.roles
        return [
            hit
            for hit in self._hits
            if hit.finding.target in wanted
            and (not roles or self._segments[hit.segment].role in roles)
        ]

    def excerpts(self, hits: Sequence[Hit]) -> tuple[Excerpt, ...]:
        """Return the first few hits in their surroundings, safe to show."""
        return tuple(self._excerpt(hit) for hit in hits[:MOST])

    def _find(self) -> list[Hit]:
        """Look into each segment, and across the seams of those that one role has."""
        finder = self._catalog.requests
        hits = [
            Hit(at, finding) for at, text in enumerate(self._texts) for finding in finder.find(text)
        ]
        for role in Role:
            numbers = [at for at, segment in enumerate(self._segments) if segment.role is role]
            across = finder.across([self._segments[at].text for at in numbers])
            hits += [Hit(numbers[at], finding) for at, finding in across]
        return hits

    def _excerpt(self, hit: Hit) -> Excerpt:
        if hit.segment not in self._safe:
            self._safe[hit.segment] = SafeText(self._catalog, self._texts[hit.segment])
        return self._safe[hit.segment].excerpt(self._segments[hit.segment], hit.finding)


def _segments(facts: Facts) -> tuple[Segment, ...]:
    """Return all text of the request: what the wire format found, and the query string."""
    if not facts.query:
        return facts.prompt.segments
    query = Segment(unquote_plus(facts.query), Role.OTHER, "query")
    return (*facts.prompt.segments, query)
