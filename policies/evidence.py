"""What stands in the texts of one request: looked for once, asked by every rule."""

from __future__ import annotations

from collections import defaultdict
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
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from app.domain.segment import Facts
    from policies.compiled_catalog import Catalog
    from policies.excerpts import Secret
    from policies.matching.rereading import Rereading
    from policies.matching.target import Target
    from policies.rule import Rule


_PAGES_BEFORE = 2
"""What stands in front of a finding tells whether it is part of a secret."""
_PAGE = 8192
"""More than any secret that stands in what is shown goes on behind it, however it is encoded."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding in the segment with this number."""

    segment: int
    finding: Finding


class Evidence:
    """The findings of all rules of a kind in all texts, and excerpts of them."""

    def __init__(
        self,
        facts: Facts,
        catalog: Catalog,
        reader: Rereading | None = None,
        *,
        seams: bool = True,
    ) -> None:
        """`reader` looks through the texts; by default for what rules look for in requests.

        With `seams` a reader may take one text for the rest of the one before. Raises TooDense
        where it takes too much to find them.
        """
        self._catalog = catalog
        self._reader = reader or catalog.request_texts
        self._segments = facts.prompt.segments
        self._across_seams = seams
        self._inspected: dict[tuple[str, ...], Inspected] = {}
        self.digests: dict[str, bytes] = {}
        """Of the texts, as the reader makes them."""
        self._hits = self._find()
        self._safe: dict[tuple[str, int, int], SafeText] = {}

    def of(self, rule: Rule) -> list[Hit]:
        """Return what was found of what the rule looks for; what overlaps is one."""
        return apart(self.all_of(rule))

    def all_of(self, rule: Rule) -> list[Hit]:
        """Return what was found of what the rule looks for; it may overlap."""
        if rule.look_for is None or not self._hits:
            return []
        wanted = set(rule.look_for.targets)
        roles, at = rule.look_for.roles, rule.look_for.at
        return [
            hit
            for hit in self._hits
            if hit.finding.target in wanted
            and (not roles or self._segments[hit.segment].role in roles)
            and (at is None or at(self._segments[hit.segment].place))
        ]

    def touched(self, targets: Collection[Target]) -> frozenset[str]:
        """Return the texts in which any of some targets was found, whoever speaks there."""
        found = (hit.segment for hit in self._hits if hit.finding.target in targets)
        return frozenset(self._segments[at].text for at in found)

    def inspected(self, *texts: str) -> Inspected:
        """Return texts ready for scanning: as they were, where they were looked through before."""
        return self._inspected.get(texts) or Inspected(*texts)

    def excerpts(self, hits: Sequence[Hit]) -> tuple[Excerpt, ...]:
        """Return the first few hits in their surroundings, safe to show."""
        return tuple(self.excerpt(hit) for hit in hits[:MOST])

    @cached_property
    def _secrets(self) -> defaultdict[int, list[Secret]]:
        """What a rule of the catalog masks, in each segment."""
        secrets: defaultdict[int, list[Secret]] = defaultdict(list)
        for hit in self._hits:
            if (target := hit.finding.target) in self._catalog.masking:
                label = self._catalog.label(target)
                secrets[hit.segment].append((hit.finding.start, hit.finding.end, label))
        return secrets

    @cached_property
    def _masked(self) -> dict[str, str]:
        """The values that a rule of the catalog masks, wherever they stand, with their labels."""
        return {
            self._segments[at].text[start:end]: label
            for at, secrets in self._secrets.items()
            for start, end, label in secrets
        }

    def _find(self) -> list[Hit]:
        """Look into all segments of a role at once, and then across their seams."""
        inside: list[Hit] = []
        seams: list[Hit] = []
        for role in Role:
            numbers = [at for at, segment in enumerate(self._segments) if segment.role is role]
            if not numbers:
                continue
            texts = [self._segments[at].text for at in numbers]
            look = self._reader.look(texts)
            self.digests.update(zip(texts, look.digests, strict=True))
            self._inspected[look.inspected.texts] = look.inspected
            inside += [Hit(numbers[f.number], f) for f in look.found]
            if self._across_seams:
                seams += self._across(dict(zip(numbers, look.digests, strict=True)))
        inside.sort(key=lambda hit: hit.segment)
        return inside + seams

    def _across(self, digests: Mapping[int, bytes]) -> list[Hit]:
        """Look across the seams of segments, by their numbers and digests.

        What the protocol puts between two texts, such as an id, parts no word for their reader.
        """
        spoken = [at for at in digests if not is_protocol(self._segments[at])]
        texts = [self._segments[at].text for at in spoken]
        found = self._reader.across(texts, [digests[at] for at in spoken])
        return [Hit(spoken[f.number], f) for f in found]

    def excerpt(self, hit: Hit) -> Excerpt:
        """Return a hit in its surroundings, safe to show."""
        segment, finding = self._segments[hit.segment], hit.finding
        how = finding.reading.how
        secrets = self._secrets[hit.segment]
        text = self._shown(segment.text, finding.start, _until(finding), secrets)
        behind = self._shown(segment.text, finding.end, finding.end, secrets)
        return Excerpt(
            before=text.before(finding.start),
            words=self._read(finding) if how else text.show(finding.start, _until(finding)),
            after=behind.after(finding.end),
            place=f"{segment.place} ({how})" if how else segment.place,
        )

    def _read(self, finding: Finding) -> str:
        """Return the words of a finding as they were read, where they do not stand like that."""
        read, first = finding.reading.text, finding.first
        begin, end = read.rfind(BAR, 0, first) + 1, read.find(BAR, first)
        read = read[begin : end if end >= 0 else None]
        text = self._shown(read, first - begin, finding.last - begin)
        return text.show(first - begin, min(finding.last, first + MOST_WORDS) - begin)

    def _shown(self, text: str, start: int, end: int, secrets: Sequence[Secret] = ()) -> SafeText:
        """Return the text, looked through as far as is needed to show a finding in it."""
        first, last = max(0, start // _PAGE - _PAGES_BEFORE), end // _PAGE + 2
        key = (text, first, last)
        if key not in self._safe:
            line = text.rfind("\n", max(0, first - _PAGES_BEFORE) * _PAGE, first * _PAGE) + 1
            within = (line or first * _PAGE, last * _PAGE)
            self._safe[key] = SafeText(
                self._catalog, text, within, values=self._masked, secrets=secrets
            )
        return self._safe[key]


def _until(finding: Finding) -> int:
    return min(finding.end, finding.start + MOST_WORDS)


def apart(hits: Iterable[Hit]) -> list[Hit]:
    """Return of hits that overlap the first and longest: several detectors may know one key."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=_in_order):
        last = kept[-1] if kept else None
        if last is None or hit.segment != last.segment or hit.finding.start >= last.finding.end:
            kept.append(hit)
    return kept


def _in_order(hit: Hit) -> tuple[int, int, int]:
    return (hit.segment, hit.finding.start, -hit.finding.end)
