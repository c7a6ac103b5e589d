"""The life of a hold: one table, and nothing else that changes a state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.hook import Hook
from app.domain.identity import Identity
from app.domain.tool_call import HeldCall
from app.domain.trust import Trust
from app.domain.verdict import Verdict

NOT_ASKED = "No approver was asked, since the card could not be posted in Slack in time"
"""The note of a hold that expired before anybody had its card."""


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
        """Whether something is still to happen to the hold; a claim is given back by exception."""
        events = {event for state, event in TRANSITIONS if state is self}
        return bool(events - {HoldEvent.GIVE_BACK})


class HoldEvent(StrEnum):
    VOTE = "vote"
    """A word that does not settle it yet."""
    APPROVE = "approve"
    """The approval that meets the quorum."""
    BREAK_GLASS = "break_glass"
    """Somebody who may in an emergency releases it alone."""
    TRUST = "trust"
    """A word for never asking about fixed text of it again; it decides nothing of the rest."""
    ASK = "ask"
    """An approver asks the requester something; it decides nothing."""
    ANSWER = "answer"
    DENY = "deny"
    DEADLINE = "deadline"
    WITHDRAW = "withdraw"
    COVER = "cover"
    """What people have approved meanwhile covers all that it asks about."""
    CLAIM = "claim"
    """A gateway takes the approval, to forward the request."""
    GIVE_BACK = "give_back"
    """The client left before anything of what was claimed was sent to it."""
    LAPSE = "lapse"
    """Nobody collected the approval in time."""


TRANSITIONS: dict[tuple[HoldState, HoldEvent], HoldState] = {
    (HoldState.PENDING, HoldEvent.VOTE): HoldState.PENDING,
    (HoldState.PENDING, HoldEvent.TRUST): HoldState.PENDING,
    (HoldState.PENDING, HoldEvent.ASK): HoldState.PENDING,
    (HoldState.PENDING, HoldEvent.ANSWER): HoldState.PENDING,
    (HoldState.PENDING, HoldEvent.APPROVE): HoldState.APPROVED,
    (HoldState.PENDING, HoldEvent.BREAK_GLASS): HoldState.APPROVED,
    (HoldState.PENDING, HoldEvent.DENY): HoldState.DENIED,
    (HoldState.PENDING, HoldEvent.DEADLINE): HoldState.EXPIRED,
    (HoldState.PENDING, HoldEvent.WITHDRAW): HoldState.WITHDRAWN,
    (HoldState.PENDING, HoldEvent.COVER): HoldState.APPROVED,
    (HoldState.APPROVED, HoldEvent.CLAIM): HoldState.RELEASED,
    (HoldState.APPROVED, HoldEvent.LAPSE): HoldState.LAPSED,
    (HoldState.RELEASED, HoldEvent.GIVE_BACK): HoldState.APPROVED,
}


class IllegalTransition(Exception):
    """The table has no such step: a bug in the caller, or a race that its caller must explain."""

    def __init__(self, state: HoldState, event: HoldEvent) -> None:
        super().__init__(f"a hold that is {state} cannot take {event}")
        self.state = state
        self.event = event


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who decides: their Slack account, and the verified email behind it.

    `slack_user` is empty for who decides on the terminal. `email` is the key of their identity
    where their provider vouches for no address.
    """

    slack_user: str
    email: str
    name: str
    identities: tuple[str, ...] = ()
    """Keys of whom the identity provider says they are."""

    @property
    def names(self) -> frozenset[str]:
        """What finds the holds that they voted on: keys of identities, and the address."""
        return frozenset({*self.identities, self.email.lower()} - {""})


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
    sets: tuple[str, ...] = ()
    """The approver sets that they were in at the click, of those that the hold asks."""
    broke_glass: bool = False
    once: bool = False
    """Whether the approval is for this request only, and covers nothing else."""
    trust: Trust | None = None
    """Where it is a word for trusting fixed text, and no approval of the request."""
    change: str = ""
    """Where a tool call is approved with other arguments, those; written as its own are."""
    for_task: bool = False
    """Whether calls of the same tool under the same rules may pass in this conversation."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question of an approver to the requester, and what was answered. Secrets are masked."""

    by: Person
    text: str
    at: datetime
    answer: str = ""
    answered_at: datetime | None = None

    def answered(self, answer: str, at: datetime) -> Query:
        return replace(self, answer=answer, answered_at=at)


@dataclass(frozen=True, slots=True)
class GrantSummary:
    """The grant or cover that was given with the approval, as far as the card shows it."""

    ids: tuple[str, ...]
    """One for each rule that held the request."""
    seconds: int
    until: datetime
    uses: int = 0
    over: bool = False
    revoked_by: str = ""
    used_at: datetime | None = None
    passages: int = 0
    """How many passages it covers; 0 where it is a grant, for all that a rule would hold."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A false-alarm report, as the card shows it."""

    rule: str
    slack_user: str


def asker(identity_key: str, connection: str, call: str) -> str:
    """Name who asks where, as `Hold.asker` does."""
    return f"{identity_key}\n{connection}\n{call}"


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
    trusting: tuple[Vote, ...] = ()
    """What was said about trusting its text: it counts for nothing else."""
    untrusted: tuple[str, ...] = ()
    """The ids of what was trusted by that and is revoked."""
    callers: tuple[str, ...] = ()
    """Who is connected and waits right now, each as `gateway:number`."""
    keep_until: datetime | None = None
    decided_at: datetime | None = None
    released_at: datetime | None = None
    """When its approval was claimed."""
    outcome: str = ""
    """What the upstream answered after the release, in a few words for the card."""
    note: str = ""
    """Why it was withdrawn, as a sentence for whoever asked; empty where they did it."""
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    granted: GrantSummary | None = None
    marked: tuple[Marked, ...] = ()
    call: str = ""
    """The kind of call: cover and denials stay within it."""
    again: str = ""
    """The denied hold about whose passages it asks again."""
    queries: tuple[Query, ...] = ()
    """What approvers asked the requester, oldest first."""
    task: str = ""
    """The id of the first hold of its task: the requester gets one message about all of them."""
    tool: HeldCall | None = None
    """The tool call that waits, where it is one: in a model's answer, or as a request of MCP."""
    hook: Hook | None = None
    """The hook of an agent that asked, where it was not the gateway's own data path."""
    moves: tuple[str, ...] = ()
    """A token for each change of the state and each vote: who repeats a write knows it by this."""

    @property
    def is_of_answer(self) -> bool:
        """Whether a tool call in a model's answer waits, and not a request."""
        return self.tool is not None and not self.tool.is_request

    @property
    def attached(self) -> bool:
        """Whether any client is connected and waits right now."""
        return bool(self.callers)

    @property
    def judged(self) -> bool:
        """Whether votes decided it: not what was covered already, and not break-glass."""
        decided = {HoldState.APPROVED, HoldState.RELEASED, HoldState.LAPSED, HoldState.DENIED}
        broken = any(vote.broke_glass for vote in self.votes)
        return self.state in decided and bool(self.votes) and not broken

    @property
    def covered(self) -> bool:
        """Whether it was let go on without a vote, by what was approved of another."""
        on_its_way = {HoldState.APPROVED, HoldState.RELEASED, HoldState.LAPSED}
        return self.state in on_its_way and not self.votes

    @property
    def change(self) -> str:
        """The arguments with which a tool call was approved, where somebody changed them."""
        changes = [vote.change for vote in self.votes if vote.approve and vote.change]
        return changes[-1] if changes else ""

    @property
    def asker(self) -> str:
        """Who asks where: holds of one asker may be about the same passages."""
        return asker(self.requester.key, self.connection, self.call)

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

    @property
    def reminds_at(self) -> datetime | None:
        """When approvers are reminded; None where they were, or where no rule says so."""
        return self._after_opening("remind_after") if self.reminded_at is None else None

    @property
    def escalates_at(self) -> datetime | None:
        """When further approver sets are told; None where they were, or where there are none."""
        return self._after_opening("escalate_after") if self.escalated_at is None else None

    @property
    def wakes_at(self) -> datetime | None:
        """When the clock has something to do about the hold; None once it is over."""
        times = (self.due_at, self.reminds_at, self.escalates_at)
        return min((at for at in times if at is not None), default=None)

    def _after_opening(self, term: str) -> datetime | None:
        approval = self.verdict.approval
        if approval is None or self.state is not HoldState.PENDING:
            return None
        delay: timedelta | None = getattr(approval, term)
        return None if delay is None else self.created_at + delay

    def after(
        self,
        event: HoldEvent,
        at: datetime,
        vote: Vote | None = None,
        note: str = "",
        *,
        move: str = "",
    ) -> Hold:
        """Return the hold as the event leaves it; `move` is a token of this one change.

        Raises IllegalTransition where the table has no such step.
        """
        try:
            state = TRANSITIONS[self.state, event]
        except KeyError:
            raise IllegalTransition(self.state, event) from None
        changed = replace(self, state=state, revision=self.revision + 1, note=note or self.note)
        if move:
            changed = replace(changed, moves=(*self.moves, move))
        if vote is not None:
            if event is HoldEvent.TRUST:
                changed = replace(changed, trusting=(*self.trusting, vote))
            else:
                changed = replace(changed, votes=(*self.votes, vote))
        if event is HoldEvent.GIVE_BACK:
            # It is kept no longer than its approval said, and was decided on when it was.
            return replace(changed, released_at=None)
        if state is HoldState.APPROVED and self.verdict.approval is not None:
            changed = replace(changed, keep_until=at + self.verdict.approval.keep)
        if event is HoldEvent.CLAIM:
            changed = replace(changed, released_at=at)
        elif state is not self.state:
            changed = replace(changed, decided_at=at)
        return changed

    def querying(
        self, queries: tuple[Query, ...], event: HoldEvent, at: datetime, *, move: str
    ) -> Hold:
        """Return the hold after a question or an answer, with all its questions.

        Raises IllegalTransition once it is over.
        """
        return replace(self.after(event, at, move=move), queries=queries)
