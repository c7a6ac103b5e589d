"""Which held requests are one task, and where another begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.hold import GrantSummary, Hold, HoldState
from policies.approvals.tasks import LOOK_BACK, task_of
from tests.policies.made import JOB
from tests.policies.passages.questions import fired, verdict
from tests.policies.passages.talks import NOW, hold_for

ASKED = verdict(fired("rule", "passage"))


def made(name: str, minutes: float = 0, **changes: Any) -> Hold:  # noqa: ANN401 - fields to replace
    at = NOW + timedelta(minutes=minutes)
    pending: dict[str, Any] = {
        "id": name,
        "task": name,
        "created_at": at,
        "deadline": at + timedelta(minutes=10),
        "state": HoldState.PENDING,
        "votes": (),
        "decided_at": None,
    }
    return replace(hold_for(ASKED), **(pending | changes))


def decided(name: str, state: HoldState, minutes: float, **changes: Any) -> Hold:  # noqa: ANN401 - fields to replace
    votes = hold_for(ASKED).votes
    at = NOW + timedelta(minutes=minutes)
    return made(name, state=state, votes=votes, decided_at=at, **changes)


def granted(
    minutes: float, *, passages: int = 1, used: float | None = None, over: bool = False
) -> GrantSummary:
    used_at = None if used is None else NOW + timedelta(minutes=used)
    until = NOW + timedelta(minutes=minutes)
    return GrantSummary(("g",), 60, until, used_at=used_at, passages=passages, over=over)


RELEASED, APPROVED = HoldState.RELEASED, HoldState.APPROVED


@pytest.mark.parametrize(
    ("earlier", "minutes", "same"),
    [
        (made("1"), 9.9, True),
        (made("1"), 10, False),
        (made("1"), 10.1, False),
        (decided("1", RELEASED, 5), 64, True),
        (decided("1", RELEASED, 5), 65, False),
        (decided("1", RELEASED, 5, granted=granted(480, used=50)), 109, True),
        (decided("1", RELEASED, 5, granted=granted(480, used=50)), 110, False),
        (decided("1", RELEASED, 5, granted=granted(480, used=470)), 484, True),
        (decided("1", RELEASED, 5, granted=granted(480, used=470)), 485, False),
        (decided("1", RELEASED, 5, granted=granted(480, over=True)), 6, False),
        (decided("1", RELEASED, 5, granted=granted(240, passages=0)), 239, True),
        (decided("1", RELEASED, 5, granted=granted(240, passages=0)), 240, False),
        (decided("1", HoldState.DENIED, 5), 6, False),
        (decided("1", HoldState.EXPIRED, 10), 11, False),
        (decided("1", HoldState.WITHDRAWN, 5), 6, False),
    ],
)
def test_a_task_goes_on_while_one_is_waiting_or_what_was_approved_covers(
    earlier: Hold, minutes: float, *, same: bool
) -> None:
    assert task_of(made("2", minutes), [earlier]) == ("1" if same else "2")


def test_an_approval_that_is_kept_for_a_retry_keeps_the_task_going() -> None:
    only = tuple(replace(vote, once=True) for vote in hold_for(ASKED).votes)
    kept = decided("1", APPROVED, 1, keep_until=NOW + timedelta(minutes=16))
    kept = replace(kept, votes=only)
    assert task_of(made("2", 15), [kept]) == "1"
    assert task_of(made("2", 16), [kept]) == "2"
    assert task_of(made("2", 15), [replace(kept, state=RELEASED)]) == "2"


def test_a_denial_that_is_asked_about_again_is_the_same_task() -> None:
    denied = decided("1", HoldState.DENIED, 1)
    assert task_of(made("2", 300, again="1"), [denied]) == "1"
    other = decided("0", HoldState.DENIED, 2)
    assert task_of(made("2", 300, again="1"), [denied, other]) == "1"


@pytest.mark.parametrize(
    "other",
    [{"requester": JOB}, {"connection": "other"}, {"call": "other"}],
    ids=lambda other: next(iter(other)),
)
def test_a_task_is_of_one_person_one_connection_and_one_kind_of_call(
    other: dict[str, Any],
) -> None:
    assert task_of(made("2", 1), [made("1", **other)]) == "2"


def test_who_follows_one_of_a_task_is_of_that_task_though_its_first_is_over() -> None:
    first = decided("1", HoldState.DENIED, 1)
    second = made("2", 0.5, task="1")
    assert task_of(made("3", 2), [first, second]) == "1"


def test_what_an_earlier_version_has_opened_begins_a_task() -> None:
    assert task_of(made("2", 1), [made("1", task="")]) == "1"


def test_a_task_has_an_end() -> None:
    earlier = [made(f"{at:03}", task="000") for at in range(101)]
    assert task_of(made("999", 1), earlier[:99]) == "000"
    assert task_of(made("999", 1), earlier[:100]) == task_of(made("999", 1), earlier) == "999"
    assert timedelta(hours=24) == LOOK_BACK


def test_the_hold_itself_does_not_count_where_its_opening_is_repeated() -> None:
    again = made("1", 1)
    assert task_of(again, [again]) == "1"
    assert task_of(again, [made("3"), again]) == "3"
    assert task_of(again, [made("0"), replace(again, task="0")]) == "0"


def test_an_afternoon_of_work_with_many_holds_is_one_task_and_so_one_message() -> None:
    """An agent works for 45 minutes: 48 holds, each approved after a while, some denied first."""
    task: list[Hold] = []
    for number in range(48):
        minutes = number * 45 / 48
        before = [
            decided(hold.id, state, since, task=hold.task)
            for hold in task
            for since in [(hold.created_at - NOW) / timedelta(minutes=1)]
            for state in [HoldState.DENIED if int(hold.id) % 5 == 4 else RELEASED]
            if since + 2 < minutes
        ]
        waiting = task[len(before) :]
        again = before[-1].id if before and before[-1].state is HoldState.DENIED else ""
        opened = made(f"{number:02}", minutes, again=again)
        task.append(replace(opened, task=task_of(opened, [*before, *waiting])))
    assert {hold.task for hold in task} == {"00"}
