"""A click passes the files that a newcomer is shown, in that order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.handlers.test_decide import card_of
from tests.walk import not_reached, traced, walk

if TYPE_CHECKING:
    from tests.bot.conftest import Office


async def test_it_passes_the_files_of_its_walk_in_order(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await office.hold()
        card = await card_of(maria)
        with traced() as passed:
            await maria.click(card, "Approve")
            await maria.wait_for_change(card, "*Approved*")
    assert not_reached(walk("One click"), passed) == []
