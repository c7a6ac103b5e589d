"""The requester's side: nobody can decide, withdraw, ask again with a reason."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.domain.event import EventKind
from app.domain.hold import Hold, HoldState
from tests.bot.values import DANA

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Office


async def current(office: Office, held: Hold) -> Hold:
    found = await office.storage.holds.get(held.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("members", "terms", "why"),
    [
        ([], {}, "the approver set managers has no other members"),
        (["dana"], {}, "the approver set managers has no other members"),
        (["maria"], {"quorum": 2}, "it takes 2 people, and only 1 may decide"),
        (
            ["maria", "marcus"],
            {"quorum": 2, "each_of": ("directors",)},
            "it needs someone from the approver set directors, which has no other members",
        ),
    ],
    ids=["an empty group", "only the requester", "too few for the quorum", "an empty second set"],
)
async def test_where_nobody_can_decide_the_requester_hears_it_at_once_and_why(
    office: Office, members: list[str], terms: dict[str, object], why: str
) -> None:
    await office.slack.settings(usergroups={"managers": members, "directors": []})
    async with office.bot():
        dana = await office.slack.user("dana")
        held = await office.hold(terms=terms)
        told = await dana.wait_for_message("no approver could be reached")
        assert why in told.words
        assert "Request again…" in told.buttons
    over = await current(office, held)
    assert (over.state, over.votes) == (HoldState.WITHDRAWN, ())
    assert why in over.note
    moved = (await office.events(held.session_id))[-1]
    assert (moved.kind, moved.data["state"]) == (EventKind.HOLD_MOVED, "withdrawn")


async def test_a_slack_that_stays_away_gives_the_request_back_unapproved(office: Office) -> None:
    await office.slack.fail_calls(500, times=100, method="chat.postMessage")
    async with office.bot(away_seconds=1.0):
        held = await office.hold()
        async with (
            asyncio.timeout(10),
            aclosing(office.storage.holds.watch(asyncio.Event())) as seen,
        ):
            over = held
            while over.state is HoldState.PENDING:
                over = await anext(seen)
    assert (over.state, over.note) == (
        HoldState.WITHDRAWN,
        "No one was asked: Slack does not answer.",
    )


async def test_people_of_an_escalation_count_as_somebody_who_can_decide(office: Office) -> None:
    await office.slack.settings(usergroups={"managers": [], "security": ["maria"]})
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold(terms={"escalate_to": ("security",)})
        card = await maria.wait_for_message("Approval needed")
        assert "Approve" in card.buttons


async def test_who_left_gets_a_message_to_withdraw_with_and_uses_it(office: Office) -> None:
    async with office.bot(tell_after_seconds=0):
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold(attached=False)
        card = await maria.wait_for_message("Approval needed")
        told = await dana.wait_for_message("is waiting for approval")
        assert told.buttons == ["Withdraw"]
        await dana.click(told, "Withdraw")
        await dana.wait_for_change(told, "You withdrew")
        card = await maria.wait_for_change(card, "by the requester")
        assert card.buttons == ["Record"]
        assert len(dana.messages("abeyance")) == 1
    assert (await current(office, held)).state is HoldState.WITHDRAWN
    moved = (await office.events(held.session_id))[-1]
    assert moved.data["word"] == "withdraw"


async def test_only_the_requester_withdraws_and_not_what_is_decided(office: Office) -> None:
    async with office.bot(tell_after_seconds=0):
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold(attached=False)
        told = await dana.wait_for_message("is waiting for approval")
        await maria.click(await maria.wait_for_message("Approval needed"), "Approve")
        await dana.wait_for_change(told, "is approved")
    assert (await current(office, held)).state is HoldState.APPROVED


async def test_a_reason_given_after_a_denial_is_kept_for_the_same_request(office: Office) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold()
        await maria.click(await maria.wait_for_message("Approval needed"), "Deny…")
        await maria.submit({"category": "Not needed"})
        told = await dana.wait_for_message("was denied")
        await dana.click(told, "Request again…")
        form = await dana.wait_for_view("Only you can send the request again")
        assert form.title == "Request again"
        view = await dana.submit({"reason": "FIN-231, with key AKIAIOSFODNN7EXAMPLQ"})
        assert view is not None
        assert "send the same request again" in view.words
    kept = await office.storage.statements.get(held.key, held.created_at)
    assert kept.startswith("FIN-231")
    assert "AKIA" not in kept


async def test_the_manager_of_whoever_asks_decides_and_no_other(office: Office) -> None:
    asker = replace(DANA, manager="marcus@acme.example")
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        await office.hold(requester=asker, terms={"approvers": ("line-manager",)})
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve")
        await maria.wait_for_message("not among the people who may decide")
        await marcus.click(card, "Approve")
        await marcus.wait_for_change(card, "*Approved*")


async def test_a_group_of_the_identity_provider_and_an_address_approve(
    office: Office, tmp_path: Path
) -> None:
    office = office.with_sets(
        tmp_path, "- {name: leads, idp_groups: [team-leads], emails: [Marcus@acme.example]}"
    )
    lead = replace(
        DANA, subject="usr-ines", email="ines@acme.example", groups=frozenset({"team-leads"})
    )
    await office.knows(lead)
    async with office.bot():
        ines, marcus = await office.slack.user("ines"), await office.slack.user("marcus")
        await office.hold(terms={"approvers": ("leads",), "quorum": 2})
        card = await ines.wait_for_message("Approval needed")
        await ines.click(card, "Approve")
        await ines.wait_for_change(card, "1 of 2")
        card = await marcus.wait_for_message("1 of 2", channel="approvals")
        await marcus.click(card, "Approve")
        await marcus.wait_for_change(card, "*Approved*")
