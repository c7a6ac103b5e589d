"""The life of a hold: one table, and nothing else that changes a state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.domain.identity import Identity
from app.domain.verdict import Verdict


class HoldState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    RELEASED = "released"
    DENIED = "denied"
    EXPIRED = "expired"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"

    @property
    def open(self) -> bool:
        """Whether something can still happen to the hold."""
        return any(state is self for state, _ in TRANSITIONS)


class HoldEvent(StrEnum):
    VOTE = "vote"
    """An approval that does not meet the quorum yet."""
    APPROVE = "approve"
    """The approval that meets the quorum."""
    DENY = "deny"
    DEADLINE = "deadline"
    WITHDRAW = "withdraw"
    CLAIM = "claim"
    """A gateway takes the approval, to forward the request."""
    LAPSE = "lapse"
    """Nobody collected the approval in time."""


TRANSITIONS: dict[tuple[HoldState, HoldEvent], HoldState] = {
    (HoldState.PENDING, HoldEvent.VOTE): HoldState.PENDING,
    (HoldState.PENDING, HoldEvent.APPROVE): HoldState.APPROVED,
    (HoldState.PENDING, HoldEvent.DENY): HoldState.DENIED,
    (HoldState.PENDING, HoldEvent.DEADLINE): HoldState.EXPIRED,
    (HoldState.PENDING, HoldEvent.WITHDRAW): HoldState.WITHDRAWN,
    (HoldState.APPROVED, HoldEvent.CLAIM): HoldState.RELEASED,
    (HoldState.APPROVED, HoldEvent.LAPSE): HoldState.LAPSED,
}


class IllegalTransition(Exception):
    """The table has no such step: a bug in the caller, or a race that its caller must explain."""

    def __init__(self, state: HoldState, event: HoldEvent) -> None:
        super().__init__(f"a hold that is {state} cannot take {event}")
        self.state = state
        self.event = event


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who decides in Slack: the Slack account, and the verified email behind it."""

    slack_user: str
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's word on a hold."""

    by: Person
    approve: bool
    at: datetime
    reason: str = ""
    category: str = ""
    shared: bool = True
    """Whether the requester may read the reason; the record and the card always have it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A request that waits for a person.

    `key` names the request by content (identity, connection, digest): a byte-identical retry has
    the same key and re-attaches. `revision` counts state changes and votes; a write is accepted
    only from whoever read the current one. `deadline` is when PENDING expires; `keep_until` is
    when APPROVED lapses, set by the approval.
    """

    id: str
    key: str
    session_id: str
    requester: Identity
    connection: str
    model: str
    method: str
    path: str
    body_bytes: int
    digest: str
    verdict: Verdict
    created_at: datetime
    deadline: datetime
    reason: str = ""
    state: HoldState = HoldState.PENDING
    revision: int = 0
    votes: tuple[Vote, ...] = ()
    attached: bool = True
    """Whether a client is connected and waiting right now."""
    keep_until: datetime | None = None
    decided_at: datetime | None = None
    outcome: str = ""
    """What the upstream answered after the release, in a few words for the card."""

    @property
    def due_at(self) -> datetime | None:
        """When the clock will change the state by itself; None once it is over."""
        match self.state:
            case HoldState.PENDING:
                return self.deadline
            case HoldState.APPROVED:
                return self.keep_until
            case _:
                return None

    def after(self, event: HoldEvent, at: datetime, vote: Vote | None = None) -> Hold:
        """Return the hold as the event leaves it.

        Raises IllegalTransition where the table has no such step.
        """
        try:
            state = TRANSITIONS[self.state, event]
        except KeyError:
            raise IllegalTransition(self.state, event) from None
        changed = replace(self, state=state, revision=self.revision + 1)
        if vote is not None:
            changed = replace(changed, votes=(*self.votes, vote))
        if event is HoldEvent.APPROVE and self.verdict.approval is not None:
            changed = replace(changed, keep_until=at + self.verdict.approval.keep)
        if state is not self.state and event is not HoldEvent.CLAIM:
            changed = replace(changed, decided_at=at)
        return changed
