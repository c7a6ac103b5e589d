"""The decision: a pure function of a request, who makes it, the catalog and the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from app.domain.segment import Role, Segment
from app.domain.verdict import Action, FiredRule, Verdict
from policies.conditions import Asked
from policies.excerpts import MOST, SafeText
from policies.findings import Finding, Inspected
from policies.model import Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from app.domain.identity import Identity
    from app.domain.segment import Facts
    from app.domain.verdict import Approval, Excerpt
    from policies.compiled import Catalog, Rule


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding in the segment with this number."""

    segment: int
    finding: Finding


def decide(facts: Facts, identity: Identity, catalog: Catalog, now: datetime) -> Verdict:
    """Return what the catalog says of a request; where no rule fires it is allowed."""
    asked = Asked(facts, identity, now)
    segments = _segments(facts)
    texts = [Inspected(segment.text) for segment in segments]
    found = _findings(catalog, segments, texts)
    shown = _Excerpts(catalog, segments, texts)
    fired: list[tuple[Rule, FiredRule]] = []
    for rule in catalog.rules:
        if not rule.sees(Side.REQUEST) or not rule.applies(asked):
            continue
        hits = _of(rule, found, segments)
        if hits or rule.look_for is None:
            fired.append((rule, _fired(rule, hits, shown)))
    enforced = [rule for rule, _ in fired if rule.enforced]
    action = max((rule.then for rule in enforced), key=_strictness, default=Action.ALLOW)
    approval = _strictest(enforced) if action is Action.HOLD else None
    return Verdict(action, tuple(told for _, told in fired), catalog.revision, approval)


def _segments(facts: Facts) -> tuple[Segment, ...]:
    """Return all text of the request: what the wire format found, and the query string."""
    if not facts.query:
        return facts.prompt.segments
    query = Segment(unquote_plus(facts.query), Role.OTHER, "query")
    return (*facts.prompt.segments, query)


def _findings(
    catalog: Catalog, segments: Sequence[Segment], texts: Sequence[Inspected]
) -> list[Hit]:
    """Look into each segment, and across the seams of those that one role has."""
    finder = catalog.requests
    hits = [Hit(at, finding) for at, text in enumerate(texts) for finding in finder.find(text)]
    for role in Role:
        numbers = [at for at, segment in enumerate(segments) if segment.role is role]
        across = finder.across([segments[at].text for at in numbers])
        hits += [Hit(numbers[at], finding) for at, finding in across]
    return hits


def _of(rule: Rule, hits: Sequence[Hit], segments: Sequence[Segment]) -> list[Hit]:
    if rule.look_for is None:
        return []
    wanted = set(rule.look_for.targets)
    roles = rule.look_for.roles
    return [
        hit
        for hit in hits
        if hit.finding.target in wanted and (not roles or segments[hit.segment].role in roles)
    ]


def _fired(rule: Rule, hits: Sequence[Hit], shown: _Excerpts) -> FiredRule:
    return FiredRule(
        rule=rule.id,
        title=rule.title,
        action=rule.then,
        risk=rule.risk,
        explain=rule.explain,
        enforced=rule.enforced,
        findings=len(hits),
        excerpts=tuple(shown.of(hit) for hit in hits[:MOST]),
    )


def _strictness(action: Action) -> int:
    return action.strictness


def _strictest(rules: Sequence[Rule]) -> Approval | None:
    """Return the terms that are hardest to meet: more people first, then less time."""
    terms = [rule.approval for rule in rules if rule.approval is not None]
    if not terms:
        return None
    hardest = max(terms, key=lambda a: (a.quorum, len(a.each_of), -a.expires, -len(a.approvers)))
    return replace(
        hardest,
        reason_required=any(approval.reason_required for approval in terms),
        majority_denies=all(approval.majority_denies for approval in terms),
        grant_up_to=_shortest([approval.grant_up_to for approval in terms]),
    )


def _shortest(times: Sequence[timedelta | None]) -> timedelta | None:
    """Return the shortest; None, where one of the rules grants nothing."""
    known = [time for time in times if time is not None]
    return min(known) if len(known) == len(times) else None


class _Excerpts:
    """Makes excerpts, and looks for secrets only in the segments that have findings."""

    def __init__(
        self, catalog: Catalog, segments: Sequence[Segment], texts: Sequence[Inspected]
    ) -> None:
        self._catalog = catalog
        self._segments = segments
        self._texts = texts
        self._safe: dict[int, SafeText] = {}

    def of(self, hit: Hit) -> Excerpt:
        segment = self._segments[hit.segment]
        if hit.segment not in self._safe:
            self._safe[hit.segment] = SafeText(self._catalog, self._texts[hit.segment])
        return self._safe[hit.segment].excerpt(segment, hit.finding)
