"""Several waiting requests of one person are decided in one modal, each by its own rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.domain.event import EventKind
from app.domain.hold import HoldState
from sandbox.slack.errors import Refused
from sandbox.slack.people.driver import SeenMessage
from tests.bot.handlers.test_requester import current
from tests.bot.values import DANA, MARIA
from tests.policies.passages.questions import fired, verdict

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from sandbox.slack.people.driver import SeenView, SlackUser
    from tests.bot.conftest import Office

OTHER = replace(DANA, subject="usr-alice", name="Alice Chen", email="alice@acme.example")


async def form_of(user: SlackUser) -> SeenView:
    return await user.wait_for_view("Decide on")


def values_of(form: SeenView) -> list[str]:
    return [option["value"] for option in form.element("holds").raw["options"]]


def name(held: Hold) -> str:
    return held.id[-6:].upper()


async def test_several_of_one_person_are_approved_together_and_each_is_on_record(
    office: Office,
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = [await office.hold() for _ in range(3)]
        other = await office.hold(requester=OTHER)
        home = await maria.open_home()
        assert "Dana Reyes has 3 requests waiting for you." in home.words.replace("*", "")
        assert "Alice Chen has" not in home.words
        await maria.click(home, "Review 3 together…")
        form = await form_of(maria)
        for one in held:
            assert name(one) in form.words
        assert name(other) not in form.words
        assert form.words.count("Approving covers this request only") == 3
        chosen = values_of(form)[:2]
        view = await maria.submit({"holds": chosen, "word": "approve", "reason": "as agreed"})
        view = await maria.wait_for_view("Your approval counts")
        assert view.words.count("Your approval counts") == 2
        await maria.wait_for_home(lambda home: "Review" not in " ".join(home.buttons))
    states = [(await current(office, one)).state for one in (*held, other)]
    assert states == [HoldState.APPROVED] * 2 + [HoldState.PENDING] * 2
    for one in held[:2]:
        [vote] = (await current(office, one)).votes
        assert (vote.by.email, vote.reason) == (MARIA.email, "as agreed")
        kinds = [event.kind for event in await office.events(one.session_id)]
        assert kinds == [EventKind.VOTE_CAST, EventKind.HOLD_MOVED]


async def test_what_cannot_be_decided_is_told_for_each(office: Office) -> None:
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        first, second = await office.hold(), await office.hold(terms={"quorum": 2})
        await maria.click(await maria.open_home(), "Review 2 together…")
        form = await form_of(maria)
        card = await marcus.wait_for_message(name(first), channel="approvals")
        await marcus.click(card, "Approve")
        await marcus.wait_for_change(card, "*Approved*")
        chosen = {"holds": values_of(form), "word": "deny", "reason": "not today"}
        await maria.submit(chosen)
        view = await maria.wait_for_view("Marcus Webb already approved")
        assert view.words.count("Your denial counts") == 1
    assert (await current(office, first)).state is HoldState.APPROVED
    assert (await current(office, second)).state is HoldState.DENIED


async def test_a_quorum_stays_a_quorum(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = [await office.hold(terms={"quorum": 2}) for _ in range(2)]
        await maria.click(await maria.open_home(), "Review 2 together…")
        form = await form_of(maria)
        await maria.submit({"holds": values_of(form), "word": "approve"})
        await maria.wait_for_view("Your approval counts")
    for one in held:
        over = await current(office, one)
        assert (over.state, len(over.votes)) == (HoldState.PENDING, 1)


async def test_a_denial_needs_a_reason_and_something_has_to_be_chosen(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = [await office.hold() for _ in range(2)]
        await maria.click(await maria.open_home(), "Review 2 together…")
        form = await form_of(maria)
        for wrong in (
            {"holds": values_of(form)},
            {"holds": values_of(form), "word": "deny"},
            {"holds": values_of(form), "word": "deny", "reason": "  "},
            {"holds": [], "word": "approve"},
        ):
            with pytest.raises(Refused):
                await maria.submit(wrong)
    assert {(await current(office, one)).state for one in held} == {HoldState.PENDING}


async def test_pending_offers_the_same_review(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = [await office.hold() for _ in range(2)]
        answer = await maria.command("/abeyance", "pending")
        assert isinstance(answer, SeenMessage)
        for one in held:
            assert name(one) in answer.words
        await maria.click(answer, "Review 2 together…")
        form = await form_of(maria)
        await maria.submit({"holds": values_of(form), "word": "approve"})
        await maria.wait_for_view("Your approval counts")
    assert {(await current(office, one)).state for one in held} == {HoldState.APPROVED}


async def test_a_review_of_what_is_decided_meanwhile_says_so(office: Office) -> None:
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        held = [await office.hold() for _ in range(2)]
        home = await maria.open_home()
        for one in held:
            card = await marcus.wait_for_message(name(one), channel="approvals")
            await marcus.click(card, "Approve")
            await marcus.wait_for_change(card, "*Approved*")
        await maria.click(home, "Review 2 together…")
        await maria.wait_for_view("None of these requests is waiting")


async def test_what_the_first_approval_covers_is_told_as_covered(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        both, one = [
            await office.hold(verdict=verdict(fired("rule", *names))) for names in ("ab", "a")
        ]
        await maria.click(await maria.open_home(), "Review 2 together…")
        form = await form_of(maria)
        chosen = sorted(values_of(form), key=lambda value: one.id in value)
        await maria.submit({"holds": chosen, "word": "approve"})
        view = await maria.wait_for_view("Your approval counts")
        assert view.words.count("Your approval counts") == 1
        assert view.words.count("covered by what was approved of another request") == 1
        assert "⚠️" not in view.words
    assert (await current(office, both)).votes
    covered = await current(office, one)
    assert (covered.state, covered.votes) == (HoldState.APPROVED, ())
    assert covered.note == "Maria Lopez approved the same a moment ago"
