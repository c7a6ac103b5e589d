"""What the requester is told, and what never."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.hold import Hold, HoldState
from app.domain.passage import Excerpt
from bot.views import requester_message
from sandbox.slack.blockkit import check_blocks
from tests.bot.values import JOB, MARIA, NOW, fired, hold, vote

LATER = NOW + timedelta(minutes=2)


def words(held: Hold) -> str:
    message = requester_message.direct(held, value="v")
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
    ("state", "attached", "told"),
    [
        (HoldState.PENDING, True, False),
        (HoldState.PENDING, False, True),
        (HoldState.APPROVED, True, False),
        (HoldState.APPROVED, False, True),
        (HoldState.RELEASED, False, False),
        (HoldState.DENIED, True, True),
        (HoldState.EXPIRED, True, True),
        (HoldState.LAPSED, True, True),
        (HoldState.WITHDRAWN, True, False),
    ],
)
def test_only_what_the_requester_cannot_see_themselves_is_told(
    *, state: HoldState, attached: bool, told: bool
) -> None:
    assert requester_message.due(hold(state=state, attached=attached)) is told


@pytest.mark.parametrize("state", HoldState)
def test_slack_takes_every_message(state: HoldState) -> None:
    held = hold(state=state, decided_at=LATER, keep_until=LATER, votes=(vote(MARIA),))
    assert check_blocks(list(requester_message.direct(held, value="v").blocks)) == []
