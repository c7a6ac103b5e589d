"""What the catalog says of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


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
class Excerpt:
    """A finding in its surroundings, safe to show: every secret in it is masked.

    Only `policies` makes one, out of text that went through the masker.
    """

    before: str
    words: str
    after: str
    place: str


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
        """The enforced rules that want a person to decide."""
        return tuple(f for f in self.fired if f.enforced and f.action is Action.HOLD)

    @property
    def decisive(self) -> FiredRule | None:
        """The enforced rule that asked for the action taken, for cards and refusals.

        Of several the one of the highest risk, and of those the first.
        """
        asked = [f for f in self.fired if f.enforced and f.action is self.action]
        return max(asked, key=lambda fired: fired.risk.height, default=None)
