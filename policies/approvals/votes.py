"""What a person says to a hold, in Slack or on a terminal, and the vote that it makes. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.hold import HoldEvent, HoldState, Vote
from app.domain.trust import Trust
from policies.approvals.approval import Objection, judge, judge_break_glass, sets_of
from policies.approvals.grant_lengths import grant_length, grant_lengths
from policies.calls.voting import judge_change, may_pass_task
from policies.passages.trust import judge_trust

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.domain.hold import Hold
    from policies.approvals.approval import Voter


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says to a hold.

    `grant`: all that its rules would hold may pass for a while, for `length` or, where that is
    not said, for as long as the button offers. `once`: only this request may. `trust`: nobody is
    asked about some text of it again; that decides nothing else. `change`: a tool call may go on
    with these arguments. `for_task`: and so may others of its tool in its conversation.
    """

    approve: bool
    category: str = ""
    reason: str = ""
    shared: bool = True
    grant: bool = False
    length: timedelta | None = None
    break_glass: bool = False
    once: bool = False
    trust: Trust | None = None
    change: str = ""
    for_task: bool = False

    def __str__(self) -> str:
        """Return how the ledger spells it."""
        words = (
            ("break_glass", self.break_glass),
            ("trust", self.trust),
            ("grant", self.grant),
            ("approve_changed", self.change),
            ("approve_task", self.for_task),
            ("approve_once", self.once),
            ("approve", self.approve),
        )
        return next((word for word, said in words if said), "deny")


def judge_word(hold: Hold, voter: Voter, word: Word, now: datetime) -> HoldEvent | Objection:
    """Say what a word does to the hold, or why it does not count."""
    if word.break_glass:
        return judge_break_glass(hold, voter, word.reason, now) or HoldEvent.BREAK_GLASS
    if word.trust:
        return judge_trust(hold, voter, word.trust, now) or HoldEvent.TRUST
    if word.grant and (word.length or grant_length(hold)) not in grant_lengths(hold):
        return Objection.NO_GRANT
    if word.for_task and not (word.approve and may_pass_task(hold)):
        return Objection.NO_TASK
    if word.change and (objection := judge_change(hold, word)):
        return objection
    return judge(hold, voter, approve=word.approve, now=now)


def vote_by(
    hold: Hold, voter: Voter, word: Word, now: datetime, mask: Callable[[str], str]
) -> tuple[HoldEvent, Vote] | Objection:
    """Return the vote that a word makes and what it does; `mask` takes secrets out of a reason."""
    event = judge_word(hold, voter, word, now)
    if isinstance(event, Objection):
        return event
    if objection := judge_secrets(word, mask):
        return objection
    return event, Vote(
        by=voter.person,
        approve=word.approve,
        at=now,
        reason=mask(word.reason),
        category=word.category,
        shared=word.shared,
        sets=sets_of(hold, voter),
        broke_glass=word.break_glass,
        once=word.once,
        trust=word.trust,
        change=word.change,
        for_task=word.for_task,
    )


def judge_secrets(word: Word, mask: Callable[[str], str]) -> Objection | None:
    """Say what stands against a change that holds a secret.

    What people approve has to be what they see, and nobody may see that.
    """
    return None if mask(word.change) == word.change else Objection.UNSHOWABLE


def facts_of(voter: Voter, word: Word) -> dict[str, str]:
    """Return what the ledger tells of a vote."""
    facts = {
        "word": str(word),
        "slack_user": voter.person.slack_user,
        "email": voter.person.email,
    }
    if word.trust:
        facts |= {"reach": word.trust.reach.value, "days": str(word.trust.days)}
    if word.change:
        # The words are on the hold. Here they may still hold a secret.
        facts |= {"change_sha256": hashlib.sha256(word.change.encode(errors="replace")).hexdigest()}
    return facts | ({"subject": voter.identities[0].key} if voter.identities else {})


def too_late(hold: Hold, name: str) -> str:
    """Say that a hold, which people call `name`, is decided, and how or by whom."""
    if hold.state is HoldState.EXPIRED:
        return f"{name}: {Objection.TOO_LATE.value}"
    if hold.state is HoldState.WITHDRAWN:
        return f"{name} was withdrawn. {hold.note}".strip()
    if not hold.votes:
        return f"{name}: {Objection.OVER.value}"
    last = hold.votes[-1]
    word = "approved" if last.approve else "denied"
    return f"{last.by.name} already {word} {name}. {Objection.OVER.value}"
