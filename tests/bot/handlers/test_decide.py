"""Managers decide in Slack: real Bolt over real sockets, a real database, real clicks."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import HoldState
from app.domain.identity import Identity, IdentityKind
from app.errors import StorageUnavailable
from bot.decisions import Decisions
from bot.grants import Grants
from bot.slack.api import connected
from bot.views import modals
from policies.approvals.votes import Word
from sandbox.slack import BOT_TOKEN
from tests.bot.values import JOB

if TYPE_CHECKING:
    from app.domain.event import Event
    from app.domain.hold import Hold
    from sandbox.slack.people.driver import SeenMessage, SlackUser
    from tests.bot.conftest import Office

REASON = {"category": "Sensitive data", "reason": "Use the staging name, please"}


async def current(office: Office, held: Hold) -> Hold:
    found = await office.storage.holds.get(held.id)
    assert found is not None
    return found


async def card_of(user: SlackUser) -> SeenMessage:
    return await user.wait_for_message("Approval needed", channel="approvals")


async def test_a_manager_approves_and_the_card_says_so(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await card_of(maria)
        assert card.buttons == ["Approve", "Deny…", "View full", "Record"]
        await maria.click(card, "Approve")
        card = await maria.wait_for_change(card, "*Approved*")
        assert card.buttons == ["Record"]
    approved = await current(office, held)
    assert approved.state is HoldState.APPROVED
    assert [(v.by.email, v.approve) for v in approved.votes] == [("maria@acme.example", True)]
    events = await office.events(held.session_id)
    assert [e.kind for e in events] == [EventKind.VOTE_CAST, EventKind.HOLD_MOVED]
    assert events[0].data["email"] == "maria@acme.example"


async def test_a_denial_takes_a_reason_and_the_developer_hears_it(office: Office) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold()
        card = await card_of(maria)
        await maria.click(card, "Deny…")
        await maria.wait_for_view("Deny")
        assert await maria.submit(REASON) is None
        await maria.wait_for_change(card, "Sensitive data – Use the staging name, please")
        told = await dana.wait_for_message("was denied")
        for part in ("Use the staging name, please", "What to do now", "<@U0MARIA001>"):
            assert part in told.words
        assert "deploy this to" not in told.words
    assert (await current(office, held)).state is HoldState.DENIED


async def test_a_reason_that_is_not_shared_stays_off_the_developers_message(
    office: Office,
) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        await office.hold()
        await maria.click(await card_of(maria), "Deny…")
        await maria.submit({**REASON, "share": []})
        told = await dana.wait_for_message("was denied")
        assert "staging name, please" not in told.words


async def test_a_secret_in_a_reason_is_masked_before_it_is_kept(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await card_of(maria)
        await maria.click(card, "Deny…")
        await maria.submit({**REASON, "reason": "you sent AKIAIOSFODNN7EXAMPLQ again"})
        await maria.wait_for_change(card, "Denied")
    assert "AKIA" not in (await current(office, held)).votes[0].reason


async def test_ones_own_request_is_not_offered_for_decision(office: Office) -> None:
    await office.slack.settings(usergroups={"managers": ["dana", "maria"]})
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold()
        await card_of(maria)
        home = await dana.open_home()
        assert "all caught up" in home.words
        assert "Approve" not in home.buttons
    assert (await current(office, held)).state is HoldState.PENDING


async def test_an_administrator_who_asked_is_refused_at_the_click(office: Office) -> None:
    marcus_as_requester = await identity_of(office, "marcus")
    async with office.bot():
        marcus = await office.slack.user("marcus")
        held = await office.hold(requester=marcus_as_requester)
        await marcus.click(await card_of(marcus), "Approve")
        note = await marcus.wait_for_message("This is your own request")
        assert note.is_ephemeral
    assert (await current(office, held)).state is HoldState.PENDING
    refused = await last_event(office, held)
    assert (refused.kind, refused.data["why"]) == (EventKind.VOTE_REFUSED, "own_request")


async def test_who_is_no_approver_is_told_so_privately(office: Office) -> None:
    async with office.bot():
        ines = await office.slack.user("ines")
        held = await office.hold()
        await ines.click(await card_of(ines), "Approve")
        note = await ines.wait_for_message("not among the people who may decide")
        assert note.is_ephemeral
        assert "Approvers: managers. If you should be one" in note.words
    assert (await current(office, held)).state is HoldState.PENDING


async def test_a_right_lost_between_the_post_and_the_click_is_lost(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await card_of(maria)
        await office.slack.settings(usergroups={"managers": ["marcus"]})
        await maria.click(card, "Approve")
        await maria.wait_for_message("not among the people who may decide")
    assert (await current(office, held)).state is HoldState.PENDING


async def test_who_may_not_deny_is_told_before_they_write_a_reason(office: Office) -> None:
    async with office.bot():
        ines = await office.slack.user("ines")
        await office.hold()
        await ines.click(await card_of(ines), "Deny…")
        view = await ines.wait_for_view("not among the people who may decide")
        assert view.title == "You can't do that"


async def test_a_quorum_of_two_needs_two_people_and_shows_who_has_voted(office: Office) -> None:
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        held = await office.hold(quorum=2)
        card = await card_of(maria)
        await maria.click(card, "Approve")
        card = await maria.wait_for_change(card, "1 of 2 approvals by <@U0MARIA001>")
        assert "Approve" in card.buttons
        await maria.click(card, "Approve")
        half = await current(office, held)
        assert (half.state, len(half.votes)) == (HoldState.PENDING, 1)
        card = await marcus.wait_for_message("1 of 2", channel="approvals")
        await marcus.click(card, "Approve")
        await marcus.wait_for_change(card, "*Approved*")
    done = await current(office, held)
    assert (done.state, len(done.votes)) == (HoldState.APPROVED, 2)


async def test_an_envelope_delivered_twice_is_one_vote(office: Office) -> None:
    await office.slack.faults(duplicate_envelopes=True)
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold(quorum=2)
        card = await card_of(maria)
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "1 of 2")
        assert [m for m in maria.messages("approvals") if m.is_ephemeral] == []
    assert len((await current(office, held)).votes) == 1


async def test_a_form_asked_for_twice_opens_once_and_without_complaint(office: Office) -> None:
    await office.slack.faults(duplicate_envelopes=True)
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await card_of(maria)
        await maria.click(card, "Deny…")
        await maria.wait_for_view("Deny")
        assert await maria.submit(REASON) is None
        await maria.wait_for_change(card, "Denied")
        assert len(maria.views) == 0
        assert [m for m in maria.messages("approvals") if m.is_ephemeral] == []
    assert len((await current(office, held)).votes) == 1


async def test_a_denial_that_takes_long_says_so_and_then_how_it_ended(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        await maria.click(await card_of(maria), "Deny…")
        await maria.wait_for_view("Deny")
        await office.slack.fail_calls(429, times=2, method="users.info", retry_after=3)
        view = await maria.submit(REASON)
        assert view is not None
        assert "Recording" in view.words
        await maria.wait_for_view("The request is denied.")
    assert (await current(office, held)).state is HoldState.DENIED


async def test_whoever_submits_a_denial_too_late_reads_who_was_faster(office: Office) -> None:
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        held = await office.hold()
        card = await card_of(marcus)
        await marcus.click(card, "Deny…")
        await marcus.wait_for_view("Deny")
        await maria.click(await card_of(maria), "Approve")
        await maria.wait_for_message("*Approved*", channel="approvals")
        view = await marcus.submit(REASON)
        assert view is not None
        assert "Maria Lopez already approved" in view.words
    assert (await current(office, held)).state is HoldState.APPROVED


async def test_of_opposite_words_at_once_exactly_one_counts(office: Office) -> None:
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        held = await office.hold()
        card = await card_of(marcus)
        await marcus.click(card, "Deny…")
        await marcus.wait_for_view("Deny")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(maria.click(await card_of(maria), "Approve"))
            tasks.create_task(marcus.submit(REASON))
        await maria.wait_for_change(card, lambda m: m.buttons == ["Record"])
    done = await current(office, held)
    assert len(done.votes) == 1
    assert done.state is (HoldState.APPROVED if done.votes[0].approve else HoldState.DENIED)


async def test_a_button_that_we_did_not_make_decides_nothing(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        await card_of(maria)
        forged = {
            "type": "button",
            "action_id": "hold_approve",
            "text": {"type": "plain_text", "text": "Approve"},
            "value": f"{held.id}.0.{'0' * 32}",
        }
        client = AsyncWebClient(BOT_TOKEN, base_url=f"{office.slack.base_url}/api/")
        blocks = [{"type": "actions", "elements": [forged]}]
        await client.chat_postMessage(channel="approvals", text="forged", blocks=blocks)
        await maria.click(await maria.wait_for_message("forged"), "Approve")
        await maria.wait_for_message("no longer valid")
    assert (await current(office, held)).state is HoldState.PENDING


async def test_an_approver_reads_the_whole_request_masked_and_paged(office: Office) -> None:
    words = "deploy to production with AKIAIOSFODNN7EXAMPLQ " + "and so on, " * 3000 + "the end"
    body = b'{"messages": [{"role": "user", "content": "%s"}]}' % words.encode()
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold(body=body)
        await maria.click(await card_of(maria), "View full")
        view = await maria.wait_for_view("deploy to production")
        assert "AKIA" not in view.words
        assert "`production-needs-a-manager` matched here" in view.words
        pages = 1
        while "More →" in view.buttons:
            await maria.click(view, "More →")
            pages += 1
            view = await maria.wait_for_view(f"Page {pages} of")
        assert "the end" in view.words
        assert pages > 2
        await maria.click(view, "← Back")
        await maria.wait_for_view(f"Page {pages - 1} of")
    shown = await last_event(office, held)
    assert (shown.kind, shown.data["what"]) == (EventKind.REPLAY_SHOWN, "prompt")


async def test_a_value_that_one_turn_names_is_masked_in_the_others(office: Office) -> None:
    turns = ["deploy to production, password: Tr0ub4dor&3x", "I have set Tr0ub4dor&3x for you"]
    body = json.dumps({"messages": [{"role": "user", "content": turn} for turn in turns]})
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(body=body.encode())
        await maria.click(await card_of(maria), "View full")
        view = await maria.wait_for_view("I have set")
        assert "Tr0ub4dor" not in view.words
        assert "I have set [plain-password] for you" in view.words


async def test_who_may_not_decide_may_not_read_the_request(office: Office) -> None:
    async with office.bot():
        ines = await office.slack.user("ines")
        await office.hold()
        await ines.click(await card_of(ines), "View full")
        view = await ines.wait_for_view("Only those who may decide")
        assert "deploy" not in view.words


async def test_a_ci_job_has_its_card_without_a_direct_message(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(requester=JOB)
        card = await card_of(maria)
        assert "acme/payments@5f0c2b9" in card.words
        assert "has no address" not in card.words
        await maria.click(card, "Deny…")
        await maria.submit(REASON)
        await maria.wait_for_change(card, "Denied")


class BrokenLedger:
    """A ledger whose disk is full."""

    async def append(self, event: Event) -> None:
        raise StorageUnavailable(f"the disk is full, so no {event.kind}")


async def test_a_vote_that_cannot_be_recorded_is_not_taken(office: Office) -> None:
    held = await office.hold()
    async with connected(BOT_TOKEN, f"{office.slack.base_url}/api/") as slack:
        store, ledger, clock = office.storage, BrokenLedger(), SystemClock()
        people = await office.people(slack)
        grants = Grants(store.grants, store.holds, ledger, clock)
        decisions = Decisions(store.holds, ledger, people, grants, clock, str)
        with pytest.raises(StorageUnavailable):
            await decisions.vote(held.id, "U0MARIA001", Word(approve=True))
    assert await current(office, held) == held


def test_the_form_is_read_as_slack_sends_it() -> None:
    values: dict[str, dict[str, dict[str, Any]]] = {
        "category": {"category": {"selected_option": {"value": "Other"}}},
        "reason": {"reason": {"value": None}},
        "share": {"share": {"selected_options": []}},
    }
    assert modals.read_denial(values) == Word(False, "Other", "", shared=False)


async def identity_of(office: Office, name: str) -> Identity:
    known = Identity(
        "https://id.acme.example",
        f"usr-{name}",
        IdentityKind.PERSON,
        name.title(),
        f"{name}@acme.example",
        groups=frozenset({"admins"}),
    )
    await office.knows(known)
    return known


async def last_event(office: Office, held: Hold) -> Event:
    return (await office.events(held.session_id))[-1]
