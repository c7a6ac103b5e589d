"""Why no one can decide: the true cause is named, and a look-up that failed is soon repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.domain.hold import HoldState
from bot.people import approvers, groups, people
from bot.people.groups import NOT_FOUND_SECONDS, Groups
from bot.slack.api import connected
from bot.slack.rates import Pace
from sandbox.slack import BOT_TOKEN
from tests.bot.conftest import CLOCK
from tests.bot.handlers.test_requester import current

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.slack.api import Slack
    from tests.bot.conftest import Office

SETS = """
- {name: by-address, emails: [maria@acme.example]}
- {name: by-provider, idp_groups: [team-leads]}
- {name: by-group, slack_groups: [managers]}
- {name: by-lost-group, slack_groups: [lost]}
"""


@pytest.fixture
async def slack(office: Office) -> AsyncIterator[Slack]:
    async with connected(BOT_TOKEN, f"{office.slack.base_url}/api/") as slack:
        yield slack


@pytest.mark.parametrize(
    ("name", "settings", "refused", "why"),
    [
        (
            "by-address",
            {"unconfirmed": ["maria"]},
            "",
            "Slack does not vouch for the address maria@acme.example",
        ),
        (
            "by-provider",
            {},
            "",
            "no one of the identity provider's group team-leads has used the gateway yet",
        ),
        ("by-lost-group", {}, "", "Slack has no user group @lost"),
        (
            "by-group",
            {},
            "permission_denied",
            "Slack does not tell who is in @managers (permission denied)",
        ),
        ("by-group", {"usergroups": {"managers": []}}, "", "by-group has no other members"),
    ],
)
async def test_the_true_cause_is_named_when_no_approver_is_found(
    office: Office, tmp_path: Path, name: str, settings: dict[str, Any], refused: str, why: str
) -> None:
    office = office.with_sets(tmp_path, SETS)
    await office.slack.settings(**settings)
    if refused:
        await office.slack.refuse_calls("usergroups.users.list", refused, times=9)
    async with office.bot():
        dana = await office.slack.user("dana")
        held = await office.hold(terms={"approvers": (name,)})
        told = await dana.wait_for_message("no approver could be reached")
        assert why in told.words
        assert ("no other members" in told.words) is ("no other members" in why)
    assert (await current(office, held)).state is HoldState.WITHDRAWN


async def test_a_look_up_that_fails_later_leaves_a_card_that_people_have(
    office: Office, tmp_path: Path
) -> None:
    office = office.with_sets(tmp_path, SETS)
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold(terms={"approvers": ("by-group",)})
        card = await maria.wait_for_message("Approval needed")
        await office.slack.refuse_calls("usergroups.users.list", "permission_denied", times=4)
        assert await office.storage.holds.remind(held.id, CLOCK.now())
        await maria.wait_for_message("still waiting", channel="approvals")
        assert "Approve" in card.buttons
    assert (await current(office, held)).state is HoldState.PENDING


async def test_a_card_is_taken_back_when_nobody_is_left_who_could_decide(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approvers, "_LATELY_SECONDS", 0.0)
    monkeypatch.setattr(approvers, "_FRESH_SECONDS", 0.0)
    office = office.with_sets(tmp_path, SETS)
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await office.hold(terms={"approvers": ("by-group",)})
        await maria.wait_for_message("Approval needed")
        await office.slack.settings(usergroups={"managers": []})
        assert await office.storage.holds.remind(held.id, CLOCK.now())
        await dana.wait_for_message("no approver could be reached")
    assert (await current(office, held)).state is HoldState.WITHDRAWN


async def test_nobody_is_given_back_a_request_on_what_was_read_a_minute_ago(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approvers, "_FRESH_SECONDS", 0.0)
    office = office.with_sets(tmp_path, SETS)
    await office.slack.settings(usergroups={"managers": []})
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        await office.hold(terms={"approvers": ("by-group",)})
        await dana.wait_for_message("no approver could be reached")
        await office.slack.settings(usergroups={"managers": [maria.id]})
        await office.hold(terms={"approvers": ("by-group",)})
        await maria.wait_for_message("Approval needed")


async def test_an_address_that_was_not_found_is_soon_looked_up_again(
    office: Office, slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NOT_FOUND_SECONDS <= 10
    monkeypatch.setattr(people, "NOT_FOUND_SECONDS", 0.0)
    known = await office.people(slack)
    await office.slack.refuse_calls("users.lookupByEmail", "users_not_found")
    assert await known.slack_user("maria@acme.example") == ""
    assert await known.slack_user("maria@acme.example") == "U0MARIA001"
    await office.slack.refuse_calls("users.lookupByEmail", "users_not_found")
    assert await known.slack_user("maria@acme.example") == "U0MARIA001"


async def test_a_group_that_was_not_found_is_soon_looked_up_again(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "NOT_FOUND_SECONDS", 0.0)
    known, asked = Groups(slack, Pace(0, 1)), 0
    read = slack.groups

    async def growing() -> dict[str, str]:
        nonlocal asked
        asked += 1
        return {name: group for name, group in (await read()).items() if asked > 1}

    monkeypatch.setattr(slack, "groups", growing)
    assert await known.ids(["managers"]) == {}
    assert await known.ids(["managers"]) == {"managers": "S0MANAGERS"}
    assert await known.ids(["managers"]) == {"managers": "S0MANAGERS"}
    assert asked == 2
