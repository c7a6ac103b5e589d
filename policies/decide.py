"""The decision: a pure function of a request, who makes it, the catalog and the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from app.domain.segment import Role, Segment
from app.domain.verdict import Action, FiredRule, Verdict
from policies.conditions import Asked
from policies.excerpts import MOST, SafeText
from policies.model import Side
from policies.scanner import Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.domain.identity import Identity
    from app.domain.segment import Facts
    from app.domain.verdict import Approval, Excerpt
    from policies.compiled import Catalog, Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """A match of one target, in one segment."""

    segment: int
    target: str
    span: Span


def decide(facts: Facts, identity: Identity, catalog: Catalog, now: datetime) -> Verdict:
    """Return what the catalog says of a request; where no rule fires it is allowed."""
    asked = Asked(facts, identity, now)
    segments = _segments(facts)
    found = _findings(catalog, segments)
    shown = _Excerpts(catalog, segments)
    fired: list[tuple[Rule, FiredRule]] = []
    for rule in catalog.rules:
        if not rule.sees(Side.REQUEST) or not rule.applies(asked):
            continue
        findings = _of(rule, found, segments)
        if findings or rule.look_for is None:
            fired.append((rule, _fired(rule, findings, shown)))
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


def _findings(catalog: Catalog, segments: Sequence[Segment]) -> list[Finding]:
    plan = catalog.requests
    return [
        Finding(at, plan.targets[span.target].id, span)
        for at, segment in enumerate(segments)
        for span in plan.find(segment.text)
    ]


def _of(rule: Rule, found: Sequence[Finding], segments: Sequence[Segment]) -> list[Finding]:
    if rule.look_for is None:
        return []
    wanted = {target.id for target in rule.look_for.targets}
    roles = rule.look_for.roles
    return [
        finding
        for finding in found
        if finding.target in wanted and (not roles or segments[finding.segment].role in roles)
    ]


def _fired(rule: Rule, findings: Sequence[Finding], shown: _Excerpts) -> FiredRule:
    return FiredRule(
        rule=rule.id,
        title=rule.title,
        action=rule.then,
        risk=rule.risk,
        explain=rule.explain,
        enforced=rule.enforced,
        findings=len(findings),
        excerpts=tuple(shown.of(finding) for finding in findings[:MOST]),
    )


def _strictness(action: Action) -> int:
    return action.strictness


def _strictest(rules: Sequence[Rule]) -> Approval | None:
    """Return the terms that are hardest to meet: more people first, then less time."""
    terms = [rule.approval for rule in rules if rule.approval is not None]
    return max(terms, key=lambda a: (a.quorum, -a.expires, -len(a.approvers)), default=None)


class _Excerpts:
    """Makes excerpts, and looks for secrets only in the segments that have findings."""

    def __init__(self, catalog: Catalog, segments: Sequence[Segment]) -> None:
        self._catalog = catalog
        self._segments = segments
        self._safe: dict[int, SafeText] = {}

    def of(self, finding: Finding) -> Excerpt:
        segment = self._segments[finding.segment]
        if finding.segment not in self._safe:
            self._safe[finding.segment] = SafeText(self._catalog, segment.text)
        return self._safe[finding.segment].excerpt(segment, finding.span)
