"""What the catalog says of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.domain.passage import Excerpt, Passage


class Action(StrEnum):
    """In rising strictness; see `strictness`."""

    ALLOW = "allow"
    MASK = "mask"
    HOLD = "hold"
    DENY = "deny"

    @property
    def strictness(self) -> int:
        return list(Action).index(self)


class Risk(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def height(self) -> int:
        """Compare by it: a higher risk has more."""
        return list(Risk).index(self)


@dataclass(frozen=True, slots=True)
class Approval:
    """What it takes to release a hold."""

    approvers: tuple[str, ...]
    """Names of approver sets; a member of any may vote."""
    quorum: int = 1
    """How many distinct people have to approve."""
    each_of: tuple[str, ...] = ()
    """Approver sets that must each be represented, by a person of its own, among the approvals."""
    majority_denies: bool = False
    """Whether it takes as many denials as approvals to deny; else one denial denies."""
    expires: timedelta = timedelta(minutes=10)
    keep: timedelta = timedelta(minutes=15)
    """How long an approval waits to be collected by a caller who went away."""
    grant_up_to: timedelta | None = None
    """The longest grant that an approver may give in place of a single approval."""
    remind_after: timedelta | None = None
    escalate_after: timedelta | None = None
    escalate_to: tuple[str, ...] = ()
    """Approver sets that may also vote from then on."""
    reason_required: bool = False
    """Whether the requester has to say what it is for."""
    channel: str = ""
    """Where its cards go; empty: the channel of the settings."""
    denied_for: timedelta = timedelta(hours=1)
    """How long the same is refused after a denial, without asking anyone."""


@dataclass(frozen=True, slots=True)
class CoverTerms:
    """How long an approval covers its passages."""

    idle: timedelta = timedelta(hours=1)
    """After the last request that used it."""
    most: timedelta = timedelta(hours=8)
    """After the approval, however often it is used."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a rule that holds asks people about a request."""

    law: str
    """A digest of what the rule looks for, its conditions and its terms: another rule under the
    same id starts without cover."""
    terms: Approval
    passages: tuple[Passage, ...] = ()
    """In the order of the request; none where the rule decides about the whole request."""
    cover: CoverTerms | None = None
    """None where an approval covers nothing but the request."""
    answered: bool = False
    """Whether people have answered it already, by a grant or a cover."""

    @property
    def names(self) -> frozenset[str]:
        return frozenset(passage.name for passage in self.passages)


@dataclass(frozen=True, slots=True)
class FiredRule:
    """One rule that applied, with where and why."""

    rule: str
    title: str
    action: Action
    risk: Risk
    explain: str
    enforced: bool
    """False in shadow mode: recorded, never acted on."""
    findings: int
    excerpts: tuple[Excerpt, ...]
    question: Question | None = None
    """Set where the rule holds."""

    @property
    def holds(self) -> bool:
        """Whether it wants a person to decide who has not done so yet."""
        answered = self.question is not None and self.question.answered
        return self.enforced and self.action is Action.HOLD and not answered


@dataclass(frozen=True, slots=True)
class Verdict:
    """The strictest action of all enforced rules that fired.

    `approval` is set exactly when `action` is HOLD.
    """

    action: Action
    fired: tuple[FiredRule, ...]
    catalog_revision: str
    approval: Approval | None = None

    @property
    def enforced(self) -> tuple[FiredRule, ...]:
        """The rules that applied and were not in shadow mode."""
        return tuple(fired for fired in self.fired if fired.enforced)

    @property
    def holding(self) -> tuple[FiredRule, ...]:
        """The enforced rules that want a person to decide who has not done so yet."""
        return tuple(fired for fired in self.fired if fired.holds)

    @property
    def asked(self) -> frozenset[str]:
        """The names of all passages about which people have not decided yet."""
        asked = (fired.question.names for fired in self.holding if fired.question)
        return frozenset().union(*asked)

    @property
    def decisive(self) -> FiredRule | None:
        """The enforced rule that asked for the action taken, for cards and refusals.

        Of several the one of the highest risk, and of those the first.
        """
        asked = [fired for fired in self.enforced if fired.action is self.action]
        asked = [fired for fired in asked if fired.holds] or asked
        return max(asked, key=lambda fired: fired.risk.height, default=None)
