"""What the requester is told, and what never."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.hold import Hold, HoldState, Query
from app.domain.passage import Excerpt
from bot.views import requester_message
from bot.views.requester_message import RequesterView
from sandbox.slack.blockkit import check_blocks
from tests.bot.values import JOB, MARIA, NOW, fired, hold, vote

LATER = NOW + timedelta(minutes=2)


def words(*task: Hold, card: str = "") -> str:
    message = requester_message.direct(
        [RequesterView(held, f"value of {held.id}", card) for held in task]
    )
    return json.dumps([message.summary, message.blocks], ensure_ascii=False)


def denied(**changes: object) -> Hold:
    said = replace(vote(MARIA, approve=False), **changes)  # type: ignore[arg-type]
    return hold(state=HoldState.DENIED, decided_at=LATER, votes=(said,), requester=JOB)


def test_a_denial_tells_what_happened_why_by_whom_and_what_to_do() -> None:
    shown = words(denied(category="Sensitive data", reason="use the staging name"))
    for part in (
        "6F5A4B was denied",
        "`production-needs-a-manager`",
        "Use the staging name.",
        "*Denied by*\\n<@U0MARIA001> at <!date^",
        "acme/payments@5f0c2b9",
        "Sensitive data – use the staging name",
        "*What to do now*",
    ):
        assert part in shown


def test_a_reason_that_is_not_shared_stays_with_the_managers() -> None:
    shown = words(denied(reason="a private matter", category="Other", shared=False))
    assert "private" not in shown
    assert "not shared" in shown


def test_the_words_that_matched_are_never_repeated() -> None:
    rule = fired(excerpts=(Excerpt("before", "the-secret-words", "after", "/x"),))
    for state in HoldState:
        shown = words(hold(rule=rule, state=state, decided_at=LATER, keep_until=LATER))
        assert "the-secret-words" not in shown
        assert "before" not in shown.replace("again before", "")


@pytest.mark.parametrize(
    ("held", "part"),
    [
        (hold(state=HoldState.EXPIRED), "expired: no one answered in time"),
        (
            hold(state=HoldState.EXPIRED, quorum=2, votes=(vote(MARIA),)),
            "1 of 2 approvals came in time",
        ),
        (hold(state=HoldState.EXPIRED), "*Asked*\\nmanagers"),
        (
            hold(state=HoldState.APPROVED, votes=(vote(MARIA),), keep_until=LATER, attached=False),
            "exactly the same request again before <!date^",
        ),
        (hold(state=HoldState.LAPSED, votes=(vote(MARIA),)), "not sent again in time"),
        (hold(state=HoldState.RELEASED, votes=(vote(MARIA),)), "has gone through"),
    ],
)
def test_each_end_is_told_in_plain_words(held: Hold, part: str) -> None:
    assert part in words(held)


@pytest.mark.parametrize(
    ("state", "attached", "waited", "told"),
    [
        (HoldState.PENDING, True, False, False),
        (HoldState.PENDING, True, True, True),
        (HoldState.PENDING, False, False, False),
        (HoldState.PENDING, False, True, True),
        (HoldState.APPROVED, True, True, False),
        (HoldState.APPROVED, False, False, True),
        (HoldState.RELEASED, False, True, False),
        (HoldState.DENIED, True, False, True),
        (HoldState.EXPIRED, True, False, True),
        (HoldState.LAPSED, True, False, True),
        (HoldState.WITHDRAWN, True, False, False),
    ],
)
def test_who_waits_long_and_who_must_act_is_told(
    *, state: HoldState, attached: bool, waited: bool, told: bool
) -> None:
    held = hold(state=state, attached=attached)
    assert requester_message.due(held, waited=waited) is told


def in_task(*states: HoldState) -> list[Hold]:
    """Return holds of one task, oldest first: A00000, A00001, ..."""
    return [
        hold(
            id=f"01jd8m3k7f3a2b9c8d7ea{at:05}",
            state=state,
            votes=(vote(MARIA, approve=state is not HoldState.DENIED, reason=f"reason {at}"),),
            decided_at=LATER,
            keep_until=LATER,
        )
        for at, state in enumerate(states)
    ]


def test_the_others_of_a_task_are_listed_shortly_newest_first() -> None:
    states = (HoldState.RELEASED, HoldState.DENIED, HoldState.EXPIRED, HoldState.RELEASED)
    shown = words(*in_task(*states))
    assert shown.startswith('["✅ Your request A00003 was approved and has gone through.')
    told = ("Other requests", "A00002", "expired", "A00001", "reason 1", "A00000", "approved by")
    places = [shown.index(part, shown.index("Other requests")) for part in told]
    assert places == sorted(places)
    assert shown.count("*What to do now*") == 0, "there is nothing to do about the newest"


def test_what_is_waiting_comes_before_what_is_over_and_each_can_be_withdrawn() -> None:
    task = in_task(HoldState.PENDING, HoldState.PENDING, HoldState.DENIED)
    shown = words(*task)
    assert shown.startswith('["⏸️ Your request A00001 is waiting for approval.')
    for waiting in task[:2]:
        assert f'"value": "value of {waiting.id}"' in shown
    assert shown.count('"hold_withdraw"') == 2


def test_a_long_task_is_cut_and_says_so() -> None:
    message = requester_message.direct(
        [
            RequesterView(held, "v", "https://acme.example/p1")
            for held in in_task(*[HoldState.PENDING] * 20)
        ]
    )
    assert check_blocks(list(message.blocks)) == []
    shown = json.dumps(message.blocks, ensure_ascii=False)
    assert "… and 7 earlier" in shown
    assert "A00007" in shown
    assert "A00006" not in shown


def test_what_is_still_waiting_is_never_cut_from_a_long_task() -> None:
    task = in_task(*[HoldState.PENDING] * 2, *[HoldState.RELEASED] * 46)
    shown = words(*task)
    assert shown.count('"hold_withdraw"') == 2
    assert "… and 35 earlier" in shown


def test_the_card_is_linked_where_the_requester_can_open_it() -> None:
    link = "https://acme.example/archives/C1/p2"
    assert f"<{link}|Open the card>" in words(hold(), card=link)
    assert "*Card*" not in words(hold())


@pytest.mark.parametrize("state", HoldState)
def test_slack_takes_every_message(state: HoldState) -> None:
    held = hold(state=state, decided_at=LATER, keep_until=LATER, votes=(vote(MARIA),))
    other = replace(held, id="01jd8m3k7f3a2b9c8d7e6f5a4a")
    told = [RequesterView(one, "v", "https://a.example") for one in (held, other)]
    message = requester_message.direct(told)
    assert check_blocks(list(message.blocks)) == []


def test_an_approval_whose_caller_is_still_there_asks_for_nothing() -> None:
    held = hold(state=HoldState.APPROVED, votes=(vote(MARIA),), keep_until=LATER)
    assert "is approved and on its way." in words(held)
    assert "again" not in words(held)


def test_what_the_requester_is_asked_about_comes_first() -> None:
    first, *others = in_task(*[HoldState.PENDING] * 3)
    asked = replace(first, queries=(Query(MARIA, "Which cluster?", LATER),))
    shown = words(asked, *others)
    assert shown.startswith('["⏸️ Your request A00000 is waiting for approval.')
    assert shown.index("Which cluster?") < shown.index("Other requests")


def test_each_request_of_a_task_that_was_denied_can_be_asked_again() -> None:
    task = in_task(HoldState.DENIED, HoldState.EXPIRED, HoldState.RELEASED, HoldState.DENIED)
    shown = words(*task)
    assert shown.count('"hold_again"') == 3
    for again in (task[0], task[1], task[3]):
        assert f'"value": "value of {again.id}"' in shown
