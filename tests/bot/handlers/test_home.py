"""The App Home beyond its first page, and after something was done on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from tests.bot.conftest import CLOCK, session_of
from tests.bot.handlers.test_emergency import GLASS, REASON
from tests.bot.handlers.test_requester import current
from tests.bot.values import hold
from tests.written import open_session

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Office


async def test_the_queue_goes_on_page_by_page_and_stays_there_after_a_decision(
    office: Office,
) -> None:
    held = [await office.hold() for _ in range(26)]
    async with office.bot():
        maria = await office.slack.user("maria")
        home = await maria.open_home()
        assert "1 to 12 of 26, the oldest first" in home.words
        assert "← Older" not in home.buttons
        await maria.click(home, "Newer →")
        home = await maria.wait_for_home("13 to 24 of 26")
        await maria.click(home, "Newer →")
        home = await maria.wait_for_home("25 to 26 of 26")
        assert "Newer →" not in home.buttons
        for left in (25, 24):
            await maria.click(home, "Approve")
            home = await maria.wait_for_home(f"of {left}")
        # The page is empty by now: the one before it is shown.
        assert "13 to 24 of 24" in home.words
    assert {(await current(office, one)).state for one in held[24:]} == {HoldState.APPROVED}


async def test_ones_own_requests_go_on_to_the_oldest(office: Office) -> None:
    asked = [hold(id=f"01K0{n:022d}", session_id=f"01K1{n:022d}") for n in range(13)]
    for one in asked:
        await open_session(office.storage, session_of(one))
    async with office.bot():
        dana = await office.slack.user("dana")
        home = await dana.open_home()
        assert asked[12].session_id in home.words
        assert asked[2].session_id not in home.words
        await dana.click(home, "Older →")
        home = await dana.wait_for_home(asked[0].session_id)
        assert asked[3].session_id not in home.words
        assert "Older →" not in home.buttons
        await dana.click(home, "← Latest")
        await dana.wait_for_home(asked[12].session_id)


async def test_after_a_denial_the_tab_shows_what_is_left(office: Office) -> None:
    first, second = await office.hold(), await office.hold()
    async with office.bot():
        maria = await office.slack.user("maria")
        await maria.click(await maria.open_home(), "Deny…")
        await maria.wait_for_view("One denial")
        await maria.submit({"category": "Not needed"})
        home = await maria.wait_for_home(lambda tab: first.id[-6:].upper() not in tab.words)
        assert second.id[-6:].upper() in home.words


async def test_whoever_may_break_the_glass_finds_the_request_in_their_tab(
    office: Office, tmp_path: Path
) -> None:
    office = office.with_sets(tmp_path, GLASS)
    held = await office.hold(deadline=CLOCK.now().replace(year=2099))
    async with office.bot():
        ines = await office.slack.user("ines")
        home = await ines.open_home()
        assert "In an emergency" in home.words
        assert "all caught up" in home.words
        menu = home.element("hold_more").raw["options"]
        assert [option["text"]["text"] for option in menu] == ["Break glass…"]
        await ines.click(home, "hold_more", choose=menu[0]["value"])
        await ines.wait_for_view("on your word alone")
        assert await ines.submit(REASON) is None
        await ines.wait_for_home(lambda tab: "In an emergency" not in tab.words)
    assert [vote.broke_glass for vote in (await current(office, held)).votes] == [True]
