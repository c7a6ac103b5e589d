"""The decision: a pure function of a request, who makes it, the catalog and the time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.verdict import Action, FiredRule, Question, Risk, Verdict
from policies.approvals.terms import with_terms
from policies.calls.judge import judge_call
from policies.conditions import ConditionInput
from policies.evidence import Evidence
from policies.excerpts import MOST
from policies.files.model import RuleSide
from policies.passages.cutter import Cutter
from policies.passages.names import UNKEYED, PassageNames
from policies.patterns.effort import TooDense

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.identity import Identity
    from app.domain.segment import Facts
    from policies.compiled_catalog import Catalog
    from policies.request_mask import RequestMask
    from policies.rule import Rule


def decide(
    facts: Facts,
    identity: Identity,
    catalog: Catalog,
    now: datetime,
    names: PassageNames = UNKEYED,
) -> Verdict:
    """Return what the catalog says of a request; see `examine`."""
    return examine(facts, identity, catalog, now, names)[0]


def examine(
    facts: Facts, identity: Identity, catalog: Catalog, now: datetime, names: PassageNames
) -> tuple[Verdict, RequestMask | None]:
    """Return what the catalog says of a request, and its mask where something is to be masked.

    Where no rule fires it is allowed. What takes too much to look through is denied. `names` names
    the passages that people decide on, where the verdict is to be kept.
    """
    asked = ConditionInput(facts, identity, now)
    try:
        evidence = Evidence(facts, catalog)
    except TooDense:
        return Verdict(Action.DENY, (UNCHECKABLE,), catalog.revision), None
    fired: list[tuple[Rule, FiredRule]] = []
    for rule in catalog.rules:
        if not rule.sees(RuleSide.REQUEST) or not rule.applies(asked):
            continue
        hits = evidence.of(rule)
        if hits or rule.look_for is None:
            fired.append((rule, rule.fired(len(hits), evidence.excerpts(hits))))
    of_calls = _of_calls(asked, catalog, names)
    told = (*(told for _, told in fired), *of_calls)
    enforced = (each.action for each in told if each.enforced)
    action = max(enforced, key=_strictness, default=Action.ALLOW)
    verdict = Verdict(action, told, catalog.revision)
    mask = None
    if _masks(verdict):
        looked = None if _masks(replace(verdict, fired=of_calls)) else evidence
        mask = catalog.request_mask(verdict, facts, looked)
    if action is not Action.HOLD:
        return verdict, mask
    cutter = Cutter(facts.prompt, mask or _as_it_is, names)
    asking = tuple(_asking(rule, told, evidence, cutter) for rule, told in fired)
    return with_terms(replace(verdict, fired=(*asking, *of_calls))), mask


def _of_calls(
    asked: ConditionInput, catalog: Catalog, names: PassageNames
) -> tuple[FiredRule, ...]:
    """Return what fired on the tool calls that a request makes, each rule once."""
    found: dict[str, FiredRule] = {}
    for call in asked.facts.prompt.calls if catalog.call_rules else ():
        judged = judge_call(
            call, asked.facts, asked.identity, asked.now, names, catalog, over_mcp=True
        )
        for fired in judged.verdict.fired:
            other = found.get(fired.rule)
            found[fired.rule] = _together(other, fired) if other else fired
    return tuple(found.values())


def _together(one: FiredRule, other: FiredRule) -> FiredRule:
    """Return what one rule made of two calls."""
    asked = [fired.question for fired in (one, other) if fired.question]
    passages = {passage.name: passage for question in asked for passage in question.passages}
    return replace(
        one,
        findings=one.findings + other.findings,
        excerpts=(*one.excerpts, *other.excerpts)[:MOST],
        question=replace(asked[0], passages=tuple(passages.values())) if asked else None,
    )


def with_rule(verdict: Verdict, built_in: FiredRule) -> Verdict:
    """Return the verdict with a rule that is in no catalog, and applies too."""
    action = max(verdict.action, built_in.action, key=_strictness)
    changed = Verdict(action, (*verdict.fired, built_in), verdict.catalog_revision)
    return with_terms(changed) if action is Action.HOLD else changed


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


def _asking(rule: Rule, told: FiredRule, evidence: Evidence, cutter: Cutter) -> FiredRule:
    """Add to a rule that holds what it asks people about."""
    if rule.approval is None:
        return told
    if rule.cover is None:
        return replace(told, question=Question(rule.law, rule.approval))
    passages = cutter.passages(
        evidence.all_of(rule), evidence.excerpt, work_by_text=rule.work_by_text
    )
    return replace(told, question=Question(rule.law, rule.approval, passages, rule.cover))


def _masks(verdict: Verdict) -> bool:
    return Action.MASK in {fired.action for fired in verdict.enforced}


def _as_it_is(text: str) -> str:
    return text


def _strictness(action: Action) -> int:
    return action.strictness
