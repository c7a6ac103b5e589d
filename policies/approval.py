"""Who may decide on a hold, and what their word does to it. Pure: rights come in as facts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from app.domain.hold import Hold, HoldEvent, HoldState, Person
from app.domain.identity import Identity

if TYPE_CHECKING:
    from datetime import datetime


class Objection(Enum):
    """Why a vote is not taken; the value is a sentence for the person who tried."""

    OVER = "This request is already decided."
    TOO_LATE = "The time to decide has run out."
    UNVERIFIED = (
        "Your Slack account has no verified e-mail address, so I cannot tell who you are. "
        "Confirm your address in Slack's settings and try again."
    )
    OWN_REQUEST = "This is your own request: somebody else has to decide on it."
    NOT_AN_APPROVER = "You are not among the people who may decide on this request."
    ALREADY_VOTED = "You have approved this request already: each person counts once."


@dataclass(frozen=True, slots=True)
class Voter:
    """A person at the moment of the click.

    `person.email` is verified by Slack, or empty. `identities` are whom the identity provider
    has vouched for under that address. `member_of` names the approver sets they are in now.
    """

    person: Person
    identities: tuple[Identity, ...] = ()
    member_of: frozenset[str] = frozenset()


def judge(hold: Hold, voter: Voter, *, approve: bool, now: datetime) -> HoldEvent | Objection:
    """Say what a vote does to the hold, or why it is not taken.

    There is no exception for administrators: nobody decides on their own request. An approval
    counts once a person; a denial is always heard, from one who approved before as well.
    """
    if objection := _objection(hold, voter, now):
        return objection
    if not approve:
        return HoldEvent.DENY
    if _has_approved(hold, voter.person):
        return Objection.ALREADY_VOTED
    return HoldEvent.APPROVE if approvals(hold) + 1 >= quorum(hold) else HoldEvent.VOTE


def approvals(hold: Hold) -> int:
    """How many distinct people have approved so far."""
    return len({vote.by.email.casefold() for vote in hold.votes if vote.approve})


def quorum(hold: Hold) -> int:
    """How many distinct people have to approve; a hold without terms needs more than exist."""
    approval = hold.verdict.approval
    return approval.quorum if approval else _NOBODY_CAN


_NOBODY_CAN = 1_000_000


def _objection(hold: Hold, voter: Voter, now: datetime) -> Objection | None:
    if hold.state is not HoldState.PENDING:
        return Objection.OVER
    if now >= hold.deadline:
        return Objection.TOO_LATE
    if not voter.person.email:
        return Objection.UNVERIFIED
    if is_requester(hold.requester, voter):
        return Objection.OWN_REQUEST
    return None if may_decide(hold, voter) else Objection.NOT_AN_APPROVER


def may_decide(hold: Hold, voter: Voter) -> bool:
    """Whether the voter is in an approver set that the hold's rule names."""
    approval = hold.verdict.approval
    return approval is not None and not voter.member_of.isdisjoint(approval.approvers)


def is_requester(requester: Identity, voter: Voter) -> bool:
    """Whether the voter is who asked: the same subject, the same address, or the job's actor."""
    if any(identity.key == requester.key for identity in voter.identities):
        return True
    theirs = {requester.email}
    if requester.provenance is not None:
        theirs.add(requester.provenance.actor)
    known = {voter.person.email, *(identity.email for identity in voter.identities)}
    return not _folded(theirs).isdisjoint(_folded(known))


def _folded(addresses: set[str]) -> set[str]:
    return {address.strip().casefold() for address in addresses if address.strip()}


def _has_approved(hold: Hold, person: Person) -> bool:
    return any(vote.approve and _same_person(vote.by, person) for vote in hold.votes)


def _same_person(one: Person, other: Person) -> bool:
    return one.slack_user == other.slack_user or one.email.casefold() == other.email.casefold()
