"""The decision: a pure function of a request, who makes it, the catalog and the time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.verdict import Action, FiredRule, Risk, Verdict
from policies.conditions import Asked
from policies.evidence import Evidence, Hit
from policies.files.model import Side
from policies.matching.effort import TooDense

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from app.domain.identity import Identity
    from app.domain.segment import Facts
    from app.domain.verdict import Approval
    from policies.compiled_catalog import Catalog, Rule


def decide(facts: Facts, identity: Identity, catalog: Catalog, now: datetime) -> Verdict:
    """Return what the catalog says of a request; where no rule fires it is allowed.

    What takes too much to look through is denied.
    """
    asked = Asked(facts, identity, now)
    try:
        evidence = Evidence(facts, catalog)
    except TooDense:
        return Verdict(Action.DENY, (UNCHECKABLE,), catalog.revision)
    fired: list[tuple[Rule, FiredRule]] = []
    for rule in catalog.rules:
        if not rule.sees(Side.REQUEST) or not rule.applies(asked):
            continue
        hits = evidence.of(rule)
        if hits or rule.look_for is None:
            fired.append((rule, _fired(rule, hits, evidence)))
    enforced = [rule for rule, _ in fired if rule.enforced]
    action = max((rule.then for rule in enforced), key=_strictness, default=Action.ALLOW)
    approval = _strictest(enforced) if action is Action.HOLD else None
    return Verdict(action, tuple(told for _, told in fired), catalog.revision, approval)


UNCHECKABLE = FiredRule(
    rule="too-dense-to-check",
    title="The prompt repeats what looks like the beginning of a secret too often to be checked",
    action=Action.DENY,
    risk=Risk.HIGH,
    explain="Send less of it at once, or leave the repetitions out.",
    enforced=True,
    findings=0,
    excerpts=(),
)
"""Built in: no catalog can do without it."""


def _fired(rule: Rule, hits: Sequence[Hit], evidence: Evidence) -> FiredRule:
    return FiredRule(
        rule=rule.id,
        title=rule.title,
        action=rule.then,
        risk=rule.risk,
        explain=rule.explain,
        enforced=rule.enforced,
        findings=len(hits),
        excerpts=evidence.excerpts(hits),
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
