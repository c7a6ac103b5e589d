"""Who is in a user group, read within what Slack allows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.people.groups import Groups
from bot.slack.api import connected
from bot.slack.rates import Pace
from sandbox.slack import BOT_TOKEN

if TYPE_CHECKING:
    from tests.bot.conftest import Office

FAR_TOO_MANY = 200
"""Slack allows twenty reads a minute."""


async def test_who_clicks_while_others_wait_shares_a_read_that_begins_after_the_click(
    office: Office,
) -> None:
    maria = await office.slack.user("maria")
    await office.slack.settings(rates=1)
    async with connected(BOT_TOKEN, f"{office.slack.base_url}/api/") as slack:
        groups = Groups(slack, Pace(0.01, 1))
        found = await asyncio.gather(
            *(groups.of(maria.id, ["managers", "auditors"]) for _ in range(FAR_TOO_MANY))
        )
    assert set(found) == {frozenset({"managers"})}
