"""One rule of a catalog, made ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.record.original import Keeping
from app.domain.segment import Role
from app.domain.verdict import Action, Approval, CoverTerms, FiredRule, Risk
from policies.conditions import Condition, ConditionInput
from policies.files.examples import RuleExamplesSpec
from policies.files.model import RuleMode, RuleSide
from policies.matching.target import Target

if TYPE_CHECKING:
    from app.domain.passage import Excerpt


@dataclass(frozen=True, slots=True)
class LookFor:
    """What a rule looks for in text. `labels` says what each target is replaced with."""

    targets: tuple[Target, ...]
    labels: Mapping[str, str]
    roles: frozenset[Role] = frozenset()
    """Only segments of these roles; empty for all."""
    at: Callable[[str], bool] | None = None
    """Only where this holds of the place of a segment; None for all."""


@dataclass(frozen=True, slots=True)
class CallTerms:
    """To which tool calls a rule applies."""

    says: str
    wants: Callable[[str], bool]
    """Whether a tool of this name is one of its tools."""
    any_of_mcp: bool = False
    """Whether every tool is that an MCP server offers."""
    together: bool = False
    """Whether the calls of one answer are released only when all are decided."""

    def takes(self, tool: str, *, over_mcp: bool = False) -> bool:
        return (over_mcp and self.any_of_mcp) or self.wants(tool)


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    title: str
    on: RuleSide
    then: Action
    mode: RuleMode
    risk: Risk
    explain: str
    approval: Approval | None
    conditions: tuple[Condition, ...]
    look_for: LookFor | None
    examples: RuleExamplesSpec | None = None
    law: str = ""
    """Of a rule that holds, a digest of all of it that decides: what it looks for, its conditions
    and its terms."""
    cover: CoverTerms | None = None
    """How long an approval covers its passages; None where people decide on each request."""
    work_by_text: bool = False
    """Whether what tools and the model say is decided on by its own text, not by its ask."""
    call: CallTerms | None = None
    """Set where the rule is about tool calls, and about no other text."""
    retention_days: int = 0
    """How long the record of what it fires on is kept at least; 0 where it demands nothing."""
    keeping: Keeping | None = None
    """Set where it keeps the original of what it masks."""

    @property
    def enforced(self) -> bool:
        return self.mode is RuleMode.ENFORCE

    def sees(self, side: RuleSide) -> bool:
        return self.call is None and self.on in {side, RuleSide.BOTH}

    def applies(self, asked: ConditionInput) -> bool:
        """Whether all conditions hold that are not about text."""
        return all(condition.holds(asked) for condition in self.conditions)

    def may_apply(self, asked: ConditionInput) -> bool:
        """Whether those conditions hold that are not about a tool call either."""
        return all(c.holds(asked) for c in self.conditions if not c.of_tool)

    def fired(self, findings: int, excerpts: tuple[Excerpt, ...] = ()) -> FiredRule:
        return FiredRule(
            rule=self.id,
            title=self.title,
            action=self.then,
            risk=self.risk,
            explain=self.explain,
            enforced=self.enforced,
            findings=findings,
            excerpts=excerpts,
        )
