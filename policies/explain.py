"""Why a request was decided as it was: each rule, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.domain.passage import Excerpt
from app.domain.verdict import Action
from policies.calls.arguments import TooDeep
from policies.calls.judge import UNCHECKABLE as UNCHECKABLE_CALL
from policies.calls.judge import LookedAt
from policies.conditions import ConditionInput
from policies.decide import UNCHECKABLE
from policies.evidence import Evidence
from policies.files.model import RuleSide
from policies.patterns.effort import TooDense

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from app.domain.identity import Identity
    from app.domain.segment import Facts
    from app.domain.tool_call import ToolCall
    from app.domain.verdict import FiredRule
    from policies.compiled_catalog import Catalog
    from policies.evidence import Hit
    from policies.rule import Rule


class RuleOutcome(StrEnum):
    FIRED = "fired"
    NEARLY = "nearly"
    """One thing is missing: its words, or one condition."""
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Line:
    """One condition as it stands in the rule, and whether it holds."""

    says: str
    holds: bool


@dataclass(frozen=True, slots=True)
class RuleStory:
    """What one rule made of a request; `why` is the sentence that sums it up."""

    rule: str
    title: str
    action: Action
    enforced: bool
    outcome: RuleOutcome
    why: str
    conditions: tuple[Line, ...]
    findings: int
    excerpts: tuple[Excerpt, ...]


def explain(
    facts: Facts, identity: Identity, catalog: Catalog, now: datetime
) -> tuple[RuleStory, ...]:
    """Return the story of each request rule, in the order of the catalog.

    Of the calls that it makes itself, the rules about tool calls come after. There is only one
    where the text takes too much to look through.
    """
    asked = ConditionInput(facts, identity, now)
    try:
        evidence = Evidence(facts, catalog)
    except TooDense:
        return (_uncheckable(UNCHECKABLE),)
    rules = [rule for rule in catalog.rules if rule.sees(RuleSide.REQUEST)]
    stories = [_story(rule, asked, evidence.of(rule), evidence.excerpts) for rule in rules]
    for call in facts.prompt.calls:
        stories += explain_call(call, facts, identity, catalog, now, over_mcp=True)
    return tuple(stories)


def explain_call(
    call: ToolCall,
    facts: Facts,
    identity: Identity,
    catalog: Catalog,
    now: datetime,
    *,
    over_mcp: bool = False,
) -> tuple[RuleStory, ...]:
    """Return the story of each rule about tool calls, in the order of the catalog."""
    asked = ConditionInput(facts, identity, now)
    try:
        looked = LookedAt(call, asked, catalog, catalog.call_rules)
    except (TooDense, TooDeep):
        return (_uncheckable(UNCHECKABLE_CALL),)
    stories = []
    for rule in catalog.call_rules:
        if rule.call is not None:
            named = Line(rule.call.says, rule.call.takes(call.tool, over_mcp=over_mcp))
            hits = looked.hits(rule)
            stories.append(_story(rule, looked.asked, hits, looked.excerpts, named))
    return tuple(stories)


def _uncheckable(built_in: FiredRule) -> RuleStory:
    return RuleStory(
        rule=built_in.rule,
        title=built_in.title,
        action=built_in.action,
        enforced=True,
        outcome=RuleOutcome.FIRED,
        why="no other rule was asked: what cannot be looked through is denied",
        conditions=(),
        findings=0,
        excerpts=(),
    )


def _story(
    rule: Rule,
    asked: ConditionInput,
    hits: Sequence[Hit],
    excerpts: Callable[[Sequence[Hit]], tuple[Excerpt, ...]],
    *more: Line,
) -> RuleStory:
    lines = (*more, *(Line(c.says, c.holds(asked)) for c in rule.conditions))
    missing = [line.says for line in lines if not line.holds]
    silent = rule.look_for is not None and not hits
    return RuleStory(
        rule=rule.id,
        title=rule.title,
        action=rule.then,
        enforced=rule.enforced,
        outcome=_outcome(missing, silent=silent, alone=not lines),
        why=_why(rule, missing, len(hits), silent=silent),
        conditions=lines,
        findings=len(hits),
        excerpts=excerpts(hits),
    )


def _outcome(missing: list[str], *, silent: bool, alone: bool) -> RuleOutcome:
    """A rule of words alone that finds none did not nearly fire."""
    if not missing and not silent:
        return RuleOutcome.FIRED
    nearly = len(missing) + silent == 1 and not (silent and alone)
    return RuleOutcome.NEARLY if nearly else RuleOutcome.NOT


def _why(rule: Rule, missing: list[str], findings: int, *, silent: bool) -> str:
    reasons = [f"this does not hold: {says}" for says in missing]
    if silent:
        reasons.append("nothing that it looks for is in the text")
    if reasons:
        return "; ".join(reasons)
    found = f", and the text has {findings} of what it looks for" if findings else ""
    shadow = "" if rule.enforced else " (in shadow: recorded, not acted on)"
    return f"all its conditions hold{found}{shadow}"
