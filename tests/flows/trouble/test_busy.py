"""A bot that is busy for long is not a dead one: what is held waits for it, and callers know."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from tests.flows.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SlackDriver

CHAT = "/openai/v1/chat/completions"


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"), mongodb_uri, program="tests.flows.busy")
    house.settings["ABEYANCE_AWAY_SECONDS"] = "3"
    try:
        house.open()
        yield house
    finally:
        house.close()


async def test_what_is_held_while_the_bot_is_busy_waits_for_its_card(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    house.bot.process.send_signal(signal.SIGUSR2)
    said = [{"role": "user", "content": "ship the busy build to production"}]
    body = {"model": "sandbox-1", "messages": said}
    async with house.http(await idp.token("alice")) as http:
        deferred = await http.post(CHAT, json=body, headers={"prefer": "respond-async"})
        assert deferred.status_code == 202
        waiting = (await http.get(deferred.headers["location"])).json()
        assert waiting["hold"] == "pending"
        assert "No approver has been asked yet" in waiting["message"]
        card = await maria.wait_for_message("busy build", within=30)
        async with asyncio.timeout(30):  # the card is up a moment before the bot has recorded it
            while "has been asked yet" in waiting["message"]:
                waiting = (await http.get(deferred.headers["location"])).json()
        assert waiting["hold"] == "pending"
        await maria.click(card, "Approve")
        answer = await http.post(CHAT, json=body)
    assert answer.status_code == 200, answer.text
