"""Which held requests belong to one task: their requester gets one message about all of them. Pure.

A request that is held belongs to the task of an earlier one of the same person, over the same
connection and in the same kind of call, if that one is still waiting, if what its approval covers
has not ended, or if it was denied and this one asks about the same again. Else a task begins.

    10:00  A is held                                      begins a task
    10:02  B is held, while A is waiting                  of A's task
    10:05  both are approved, and cover work for an hour
    10:40  C is held                                      of A's task
    12:30  D is held; nothing was used since 10:45        begins another
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from policies.passages.answers import covers_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.domain.hold import Hold

LOOK_BACK = timedelta(days=1)
"""How old a hold may be whose task goes on."""
MOST = 100
"""How many holds a task has at most: all of them are read for each change of its message."""


def task_of(opened: Hold, recent: Sequence[Hold]) -> str:
    """Return the id of the first hold of the task of a hold that is opened now; perhaps its own.

    `recent` are the requester's holds, oldest first.
    """
    same = [hold for hold in recent if hold.asker == opened.asker and hold.id != opened.id]
    now = opened.created_at
    for hold in reversed(same):
        if hold.id == opened.again or _goes_on(hold, now):
            task = hold.task or hold.id
            of_it = sum(task in (other.task, other.id) for other in same)
            return task if of_it < MOST else opened.id
    return opened.id


def _goes_on(hold: Hold, now: datetime) -> bool:
    """Whether a hold is waiting, or what came with its approval has not ended."""
    match hold.state:
        case HoldState.PENDING:
            return now < hold.deadline
        case HoldState.APPROVED | HoldState.RELEASED | HoldState.LAPSED:
            return any(now < end for end in _ends(hold, now))
        case _:
            return False


def _ends(hold: Hold, now: datetime) -> list[datetime]:
    ends = []
    if hold.state is HoldState.APPROVED and hold.keep_until is not None:
        ends.append(hold.keep_until)
    granted = hold.granted
    if granted is not None and granted.over:
        return ends
    if granted is not None and not granted.passages:
        ends.append(granted.until)
    used_at = granted.used_at if granted else None
    ends += [grant.prolonged(used_at or grant.created_at) for grant in covers_of(hold, now)]
    return ends
