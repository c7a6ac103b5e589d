"""Who may decide on a hold, and what their word does to it. Pure: rights come in as facts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from app.domain.hold import Hold, HoldEvent, HoldState, Person, Vote
from app.domain.identity import Identity, IdentityKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from app.domain.verdict import Approval


class Objection(Enum):
    """Why a vote is not taken; the value is a sentence for the person who tried."""

    OVER = "This request is already decided."
    TOO_LATE = "The time to decide has run out."
    UNVERIFIED = (
        "Your Slack account has no verified e-mail address, so I cannot tell who you are. "
        "Confirm your address in Slack's settings and try again."
    )
    CANNOT_TELL = (
        "The requester's token names no verified address, so I cannot tell that this is not your "
        "own request. Send any request through the gateway under your own sign-in, so that I know "
        "you, and click again; or let a colleague decide."
    )
    OWN_REQUEST = (
        "This is your own request: somebody else has to decide on it. You can withdraw it in my "
        "Home tab."
    )
    NOT_AN_APPROVER = "You are not among the people who may decide on this request."
    NO_GLASS = "You are not among the people who may break the glass."
    NO_REASON = "Say why: releasing a request alone needs a reason that stays on record."
    ALREADY_VOTED = "You have already voted: each person counts once."
    OWN_RULES = "This is your own request: somebody else has to say whether its rules were right."
    NO_MARK = (
        "Only those who may decide on this request, and auditors, can mark a false alarm. If a "
        "rule is wrong, tell one of them."
    )
    NOTHING_TO_TRUST = "There is no text on this request that could be trusted."
    NOT_FOR_EVERYONE = "Only an administrator can trust a text for everyone."
    NO_REPOSITORY = "The requester's token proves no repository, so no text can be trusted for it."
    ASKED_ENOUGH = "The requester has already been asked three questions about this request."
    ASKED_ALREADY = "This very question has been asked already."
    NOT_THE_REQUESTER = "Only the person who sent the request can answer."
    ANSWERED = "This question is already answered."
    NO_GRANT = "This request can be approved once only, not for a time."
    NO_TASK = "Only this one call can be approved, not others of its kind."
    NO_CHANGE = "This call can't be changed. Approve it as it is, or deny it."
    NOT_CHANGED = "That is what the call says already. Change it, or approve it as it is."
    NO_JSON = "That can't be read as a JSON object, which the arguments of this call have to be."
    UNSHOWABLE = "That holds a secret. Name the variable or file that it comes from instead."


@dataclass(frozen=True, slots=True)
class Voter:
    """A person at the moment of the click, or of the command on a terminal.

    `person.email` is verified by Slack or the identity provider, or empty.
    `identities` are whom the identity provider has vouched for under that address. `member_of`
    names the approver sets they are in now; they are in those of `manager_of_requester` for the
    people who report to them. `manages` are keys of identities whose manager they are in Slack;
    it counts where the provider names none. `may_break_glass` is read at the same moment.
    """

    person: Person
    identities: tuple[Identity, ...] = ()
    member_of: frozenset[str] = frozenset()
    manager_of_requester: frozenset[str] = frozenset()
    manages: frozenset[str] = frozenset()
    may_break_glass: bool = False


def judge(hold: Hold, voter: Voter, *, approve: bool, now: datetime) -> HoldEvent | Objection:
    """Say what a vote does to the hold, or why it is not taken.

    There is no exception for administrators: nobody decides on their own request. Each person
    counts once, with the last they said; who approved before may still deny.
    """
    if objection := judge_voter(hold, voter, now):
        return objection
    if _standing(hold, voter.person) is approve:
        return Objection.ALREADY_VOTED
    votes = (*hold.votes, Vote(voter.person, approve, now, sets=sets_of(hold, voter)))
    if approve:
        return HoldEvent.APPROVE if _met(hold, votes) else HoldEvent.VOTE
    return HoldEvent.DENY if _denied(hold, votes) else HoldEvent.VOTE


def judge_voter(hold: Hold, voter: Voter, now: datetime) -> Objection | None:
    """Say what stands against any vote of this person, whatever it would say."""
    if objection := _objection(hold, voter, now):
        return objection
    return None if may_decide(hold, voter, now) else Objection.NOT_AN_APPROVER


def judge_break_glass(hold: Hold, voter: Voter, reason: str, now: datetime) -> Objection | None:
    """Say what stands against a release by one person alone; still not of their own request."""
    if objection := _objection(hold, voter, now):
        return objection
    if not voter.may_break_glass:
        return Objection.NO_GLASS
    return None if reason.strip() else Objection.NO_REASON


def judge_mark(hold: Hold, voter: Voter, *, auditor: bool, now: datetime) -> Objection | None:
    """Say what stands against calling a rule of a hold a false alarm, decided or not."""
    if not voter.person.email:
        return Objection.UNVERIFIED
    if is_requester(hold.requester, voter):
        return Objection.OWN_RULES
    if not (auditor or may_decide(hold, voter, now)):
        return Objection.NO_MARK
    return None if _tellable(hold.requester, voter) else Objection.CANNOT_TELL


def shares(
    holds: Iterable[Hold], voter: Voter, now: datetime
) -> tuple[list[Hold], list[Hold], list[Hold]]:
    """Sort holds, in their order: the voter's own, those they may decide on, and all others."""
    own: list[Hold] = []
    theirs: list[Hold] = []
    others: list[Hold] = []
    for hold in holds:
        if is_requester(hold.requester, voter):
            own.append(hold)
        elif may_decide(hold, voter, now):
            theirs.append(hold)
        else:
            others.append(hold)
    return own, theirs, others


def approvals(hold: Hold) -> int:
    """How many distinct people approve as it stands."""
    return len(_people(hold.votes, approve=True))


def denials(hold: Hold) -> int:
    return len(_people(hold.votes, approve=False))


def quorum(hold: Hold) -> int:
    """How many distinct people have to approve; a hold without terms needs more than exist."""
    approval = hold.verdict.approval
    return approval.quorum if approval else _NOBODY_CAN


def missing(hold: Hold) -> tuple[tuple[str, ...], ...]:
    """Return, for each set that is not represented yet, the sets of which one more person will do.

    They are several where somebody who approved could as well stand for another of their sets.
    """
    approval = hold.verdict.approval
    wanted = approval.each_of if approval else ()
    people = _people(hold.votes, approve=True)
    seated = _seats(wanted, people)
    return tuple(
        _that_would_do(at, wanted, people, seated) for at in range(len(wanted)) if at not in seated
    )


def asked(hold: Hold, now: datetime) -> tuple[str, ...]:
    """Name the approver sets whose members may vote by now, in the order of the rule."""
    approval = hold.verdict.approval
    if approval is None:
        return ()
    late = approval.escalate_after
    escalated = late is not None and now >= hold.created_at + late
    further = approval.escalate_to if escalated else ()
    return tuple(dict.fromkeys((*approval.approvers, *approval.each_of, *further)))


def concerned(hold: Hold) -> tuple[str, ...]:
    """Name every approver set that may vote, now or later."""
    approval = hold.verdict.approval
    if approval is None:
        return ()
    return tuple(dict.fromkeys((*approval.approvers, *approval.each_of, *approval.escalate_to)))


def may_decide(hold: Hold, voter: Voter, now: datetime) -> bool:
    """Whether the voter is in an approver set that the hold's rule asks by now."""
    return not set(sets_of(hold, voter)).isdisjoint(asked(hold, now))


def sets_of(hold: Hold, voter: Voter) -> tuple[str, ...]:
    """Name the approver sets of the hold that the voter is in."""
    if manager := hold.requester.manager:
        reports = manager.casefold() in _folded(_addresses(voter))
    else:
        reports = hold.requester.key in voter.manages
    member_of = voter.member_of | (voter.manager_of_requester if reports else frozenset())
    return tuple(name for name in concerned(hold) if name in member_of)


def is_requester(requester: Identity, voter: Voter) -> bool:
    """Whether the voter is who asked: the same subject, the same address, or the job's actor."""
    if any(identity.key == requester.key for identity in voter.identities):
        return True
    addresses = _folded(_addresses(voter))
    if requester.provenance is not None and requester.provenance.actor:
        # A platform's login is no address: whoever goes by such a name had better not decide.
        names = {voter.person.name, *(address.partition("@")[0] for address in addresses)}
        actor = requester.provenance.actor
        return actor.casefold() in addresses or _plain(actor) in {_plain(name) for name in names}
    return not _folded({requester.email}).isdisjoint(addresses)


def _tellable(requester: Identity, voter: Voter) -> bool:
    """Whether it is known that the two are different people, and not only not known otherwise."""
    if requester.kind is not IdentityKind.PERSON or requester.email:
        return True
    return any(identity.issuer == requester.issuer for identity in voter.identities)


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


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
    return None if _tellable(hold.requester, voter) else Objection.CANNOT_TELL


def met(terms: Approval, votes: Sequence[Vote]) -> bool:
    """Whether votes meet the terms of a rule: enough people, and one of each set that must be."""
    people = _people(votes, approve=True)
    seated = len(_seats(terms.each_of, people))
    return len(people) >= terms.quorum and seated == len(terms.each_of)


def released_by_people(hold: Hold) -> bool:
    """Whether the votes on a hold release it by themselves, and not only what covers it."""
    return any(vote.broke_glass for vote in hold.votes) or _met(hold, hold.votes)


def _met(hold: Hold, votes: Sequence[Vote]) -> bool:
    return hold.verdict.approval is not None and met(hold.verdict.approval, votes)


def _denied(hold: Hold, votes: Sequence[Vote]) -> bool:
    approval = hold.verdict.approval
    wanted = approval.quorum if approval is not None and approval.majority_denies else 1
    return len(_people(votes, approve=False)) >= wanted


def _people(votes: Sequence[Vote], *, approve: bool) -> list[frozenset[str]]:
    """Return the sets of each distinct person whose last word is this."""
    return [frozenset(vote.sets) for vote in last_words(votes) if vote.approve is approve]


def last_words(votes: Sequence[Vote]) -> list[Vote]:
    """Return the last vote of each distinct person.

    Those who share a Slack user, an address or an identity, even by way of a third, are one.
    """
    people: list[list[int]] = []
    for number, vote in enumerate(votes):
        same = [said for said in people if any(_same_person(vote.by, votes[n].by) for n in said)]
        people = [said for said in people if said not in same]
        people.append([*(earlier for said in same for earlier in said), number])
    return [votes[max(said)] for said in people]


def _seats(wanted: Sequence[str], people: Sequence[frozenset[str]]) -> dict[int, int]:
    """Seat people at the sets that they represent, each at one: the largest such seating.

    Augmenting paths (Kuhn's algorithm); a handful of sets and people.
    """
    seated: dict[int, int] = {}
    for person in range(len(people)):
        _seat(person, wanted, people, seated, set())
    return seated


def _that_would_do(
    empty: int, wanted: Sequence[str], people: Sequence[frozenset[str]], seated: dict[int, int]
) -> tuple[str, ...]:
    """Name the seats that can be filled for an empty one, as others move up to it."""
    seats = [empty]
    for seat in seats:
        seats += [
            other
            for other, person in seated.items()
            if other not in seats and wanted[seat] in people[person]
        ]
    return tuple(wanted[seat] for seat in sorted(seats))


def _seat(
    person: int,
    wanted: Sequence[str],
    people: Sequence[frozenset[str]],
    seated: dict[int, int],
    tried: set[int],
) -> bool:
    for at, name in enumerate(wanted):
        if name not in people[person] or at in tried:
            continue
        tried.add(at)
        if at not in seated or _seat(seated[at], wanted, people, seated, tried):
            seated[at] = person
            return True
    return False


def _standing(hold: Hold, person: Person) -> bool | None:
    """Return what this person said last; None where nothing."""
    said = [vote for vote in hold.votes if _same_person(vote.by, person)]
    return said[-1].approve if said else None


def _addresses(voter: Voter) -> set[str]:
    return {voter.person.email, *(identity.email for identity in voter.identities)}


def _folded(addresses: set[str]) -> set[str]:
    return {address.strip().casefold() for address in addresses if address.strip()}


def _same_person(one: Person, other: Person) -> bool:
    if one.slack_user and one.slack_user == other.slack_user:
        return True
    same_address = one.email.casefold() == other.email.casefold()
    return same_address or not set(one.identities).isdisjoint(other.identities)
