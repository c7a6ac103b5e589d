"""What people said a while ago about what is open now: of somebody's holds in one kind of call."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.hold import Hold, HoldState
from policies.calls.voting import stops_change
from policies.passages.answers import covers_of, joins, refuses, same_questions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.domain.grant import Grant
    from app.domain.tool_call import HeldCall
    from app.domain.verdict import FiredRule, Verdict

_APPROVED = frozenset({HoldState.APPROVED, HoldState.RELEASED})
_ONE_THING = timedelta(minutes=1)
_QUIET = timedelta(minutes=2)
"""After an expiry the same is not asked again for so long."""


def asks(hold: Hold, left: Verdict, key: str) -> bool:
    return hold.state is HoldState.PENDING and joins(left, key, hold)


def approves(hold: Hold, left: Verdict, key: str) -> bool:
    return hold.state in _APPROVED and joins(left, key, hold)


def left_over(approved: Sequence[Hold], call: HeldCall | None) -> Hold | None:
    """Return an approval that is still to be used by a request with another key than the hold's.

    One that was given to a hook, on the wire. Or one with a change, which covers nothing: by the
    same call that is made again, since clients of MCP number each attempt anew; but not while
    somebody waits for it still.
    """
    unused = (hold for hold in approved if hold.state is HoldState.APPROVED)
    return next((hold for hold in unused if hold.hook or _is_made_again(hold, call)), None)


def _is_made_again(hold: Hold, call: HeldCall | None) -> bool:
    was = hold.tool
    if not hold.change or hold.callers or was is None or call is None or not call.editable:
        return False
    same = (was.tool, was.arguments, was.conversation)
    return was.is_request and same == (call.tool, call.arguments, call.conversation)


def just_released(here: Sequence[Hold], left: Verdict, key: str, now: datetime) -> Hold | None:
    """Return the hold of the same whose approval, which covers nothing else, a hook just used up.

    Tools fire several hooks for one thing.
    """
    for hold in reversed(here):
        at = hold.released_at
        if at and now - at < _ONE_THING and hold.hook and same_questions(left, key, hold):
            return None if covers_of(hold, now) else hold
    return None


def just_used(here: Sequence[Hold], key: str, now: datetime, moment: timedelta) -> Hold | None:
    """Return the hold whose approval the very same used within the last moment."""
    for hold in reversed(here):
        at = hold.released_at
        if at and now - at < moment and hold.key == key and hold.state is HoldState.RELEASED:
            return hold
    return None


def denied(here: Sequence[Hold], left: Verdict, key: str, now: datetime) -> Hold | None:
    """Return the latest denial that lasts, of what is open now."""
    approved: set[str] = set()
    for hold in reversed(here):
        if hold.state in _APPROVED:
            approved.update(
                *(fired.question.names for fired in hold.verdict.holding if fired.question)
            )
        terms, at = hold.verdict.approval, hold.decided_at
        lasts = terms and at and hold.state is HoldState.DENIED and now < at + terms.denied_for
        if lasts and refuses(left, key, hold, approved):
            return hold
    return None


def denied_since(here: Sequence[Hold], verdict: Verdict, key: str, now: datetime) -> Hold | None:
    """Return a denial of the very same, unless that was approved later."""
    no = denied(here, verdict, key, now)
    later = here[here.index(no) + 1 :] if no else []
    return None if any(approves(hold, verdict, key) for hold in later) else no


def denied_beside(
    here: Sequence[Hold], hold: Hold, changed: Verdict, grants: Sequence[Grant], now: datetime
) -> FiredRule | None:
    """Return the rule under which a call was denied that an approver of the hold changed into it.

    Only of those that a tool's approval for a task answers, since that is no yes to what was
    denied. Where the hold asks about the rule itself, its approvers have said yes since.
    """
    for_task = {grant.covers.rule for grant in grants if grant.covers.tool}
    for fired in changed.holding:
        alone = replace(changed, fired=(fired,))
        is_beside = fired.rule in for_task and stops_change(hold, alone)
        if is_beside and denied_since(here, alone, hold.key, now):
            return fired
    return None


def expired(here: Sequence[Hold], left: Verdict, key: str, now: datetime) -> Hold | None:
    for hold in reversed(here):
        at = hold.decided_at
        is_recent = at and hold.state is HoldState.EXPIRED and now < at + _QUIET
        if is_recent and same_questions(left, key, hold):
            return hold
    return None
