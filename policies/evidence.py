"""What stands in the texts of one request: looked for once, asked by every rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from app.domain.passage import Excerpt
from app.domain.segment import Role
from policies.excerpts import MOST, MOST_WORDS, SafeText
from policies.matching.findings import Finding, Inspected
from policies.passages.texts import is_protocol
from policies.patterns.normalise import BAR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from app.domain.segment import Facts
    from policies.compiled_catalog import Catalog, Rule
    from policies.matching.target import Target


_PAGE = 8192
"""More than any secret that stands in what is shown goes on behind it, however it is encoded."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding in the segment with this number."""

    segment: int
    finding: Finding


class Evidence:
    """The findings of all request rules in all texts, and excerpts of them."""

    def __init__(self, facts: Facts, catalog: Catalog) -> None:
        """Raises TooDense where it takes too much to find them."""
        self._catalog = catalog
        self._segments = facts.prompt.segments
        self._hits = self._find()
        self._safe: dict[tuple[str, int], SafeText] = {}

    def of(self, rule: Rule) -> list[Hit]:
        """Return what was found of what the rule looks for; what overlaps is one."""
        return _apart(self.all_of(rule))

    def all_of(self, rule: Rule) -> list[Hit]:
        """Return what was found of what the rule looks for; it may overlap."""
        if rule.look_for is None or not self._hits:
            return []
        wanted = set(rule.look_for.targets)
        roles = rule.look_for.roles
        return [
            hit
            for hit in self._hits
            if hit.finding.target in wanted
            and (not roles or self._segments[hit.segment].role in roles)
        ]

    def touched(self, targets: Collection[Target]) -> frozenset[str]:
        """Return the texts in which any of some targets was found, whoever speaks there."""
        found = (hit.segment for hit in self._hits if hit.finding.target in targets)
        return frozenset(self._segments[at].text for at in found)

    def excerpts(self, hits: Sequence[Hit]) -> tuple[Excerpt, ...]:
        """Return the first few hits in their surroundings, safe to show."""
        return tuple(self.excerpt(hit) for hit in hits[:MOST])

    @cached_property
    def _masked(self) -> dict[str, str]:
        """The values that a rule of the catalog masks, wherever they stand, with their labels."""
        found = [hit for hit in self._hits if hit.finding.target in self._catalog.masking]
        return {
            self._segments[hit.segment].text[hit.finding.start : hit.finding.end]: (
                self._catalog.label(hit.finding.target)
            )
            for hit in found
        }

    def _find(self) -> list[Hit]:
        """Look into all segments of a role at once, and then across their seams.

        What the protocol puts between two texts, such as an id, parts no word for their reader.
        """
        finder = self._catalog.requests
        inside: list[Hit] = []
        seams: list[Hit] = []
        for role in Role:
            numbers = [at for at, segment in enumerate(self._segments) if segment.role is role]
            if not numbers:
                continue
            texts = [self._segments[at].text for at in numbers]
            inside += [Hit(numbers[f.number], f) for f in finder.find(Inspected(*texts))]
            spoken = [at for at in numbers if not is_protocol(self._segments[at])]
            across = finder.across([self._segments[at].text for at in spoken])
            seams += [Hit(spoken[f.number], f) for f in across]
        inside.sort(key=lambda hit: hit.segment)
        return inside + seams

    def excerpt(self, hit: Hit) -> Excerpt:
        """Return a hit in its surroundings, safe to show."""
        segment, finding = self._segments[hit.segment], hit.finding
        text, how = self._shown(segment.text, finding.end), finding.reading.how
        return Excerpt(
            before=text.before(finding.start),
            words=self._read(finding) if how else text.show(finding.start, _until(finding)),
            after=text.after(finding.end),
            place=f"{segment.place} ({how})" if how else segment.place,
        )

    def _read(self, finding: Finding) -> str:
        """Return the words of a finding as they were read, where they do not stand like that."""
        read, first = finding.reading.text, finding.first
        begin, end = read.rfind(BAR, 0, first) + 1, read.find(BAR, first)
        read = read[begin : end if end >= 0 else None]
        text = self._shown(read, finding.last - begin)
        return text.show(first - begin, min(finding.last, first + MOST_WORDS) - begin)

    def _shown(self, text: str, until: int) -> SafeText:
        """Return the text, as far as is needed to show what stands before `until`."""
        key = (text, until // _PAGE)
        if key not in self._safe:
            part = text[: (until // _PAGE + 2) * _PAGE]
            self._safe[key] = SafeText(self._catalog, part, self._masked)
        return self._safe[key]


def _until(finding: Finding) -> int:
    return min(finding.end, finding.start + MOST_WORDS)


def _apart(hits: Iterable[Hit]) -> list[Hit]:
    """Return of hits that overlap the first and longest: several detectors may know one key."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=_in_order):
        last = kept[-1] if kept else None
        if last is None or hit.segment != last.segment or hit.finding.start >= last.finding.end:
            kept.append(hit)
    return kept


def _in_order(hit: Hit) -> tuple[int, int, int]:
    return (hit.segment, hit.finding.start, -hit.finding.end)
