"""A morning on which everybody asks at once, and Slack has had enough; and plugs pulled there."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.domain.hold import Hold
    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SeenMessage, SlackDriver, SlackUser

# Fifty times as fast as with Slack itself: so many holds in seconds in place of minutes.
SPEED = 50
HOLDS = int(os.environ.get("ABEYANCE_TEST_HOLDS", "120"))
RETRY_AFTER = int(os.environ.get("ABEYANCE_TEST_RETRY_AFTER", "1"))
"""Seconds; the whole story is 500 holds, and three times 20 s."""
PATH = "/openai/v1/chat/completions"


@pytest.fixture
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    faster = {
        "ABEYANCE_SLACK_POST_SECONDS": str(1 / SPEED),
        "ABEYANCE_PENDING_LIMIT": str(HOLDS),
    }
    with open_house(data, mongodb_uri, **faster) as house:
        yield house


async def hold(house: House, token: str, number: int) -> None:
    """Have `number` requests held; nobody waits for them."""
    async with house.http(token) as http, asyncio.TaskGroup() as tasks:
        gate = asyncio.Semaphore(20)

        async def ask(at: int) -> None:
            said = [{"role": "user", "content": f"ship {at} to production"}]
            body = {"model": "sandbox-1", "messages": said}
            async with gate:
                answer = await http.post(PATH, json=body, headers={"prefer": "respond-async"})
            assert answer.status_code == 202

        for at in range(number):
            tasks.create_task(ask(at))


async def pending(house: House) -> tuple[Hold, ...]:
    storage = house.storage()
    try:
        return await storage.holds.pending()
    finally:
        storage.close()


def cards(user: SlackUser) -> list[SeenMessage]:
    return [m for m in user.messages("approvals") if " risk · " in m.words]


async def test_all_cards_of_a_burst_are_posted_in_order_and_once_though_slack_asks_to_wait(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    await slack.settings(rates=SPEED)
    maria = await slack.user("maria")
    await slack.fail_calls(429, times=3, method="chat.postMessage", retry_after=RETRY_AFTER)
    await hold(house, await idp.token("alice"), HOLDS)
    digest = await maria.wait_for_message("more requests waiting")
    await maria.wait_for_change(digest, lambda now: now.words != digest.words)
    held = [one.id[-6:].upper() for one in await pending(house)]
    assert len(held) == HOLDS
    await maria.wait_for_message(held[-1], within=60 + HOLDS / 2)
    await maria.wait_until_gone(digest)
    shown = [card.words.partition(" risk · ")[2][:6] for card in cards(maria)]
    assert shown == held


async def test_a_bot_killed_between_post_and_record_leaves_one_card_to_the_bot_that_takes_over(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, token = await slack.user("maria"), await idp.token("alice")
    await asyncio.to_thread(house.start_bot)
    await slack.swallow_answers("chat.postMessage")
    said = [{"role": "user", "content": "ship it to production"}]
    async with house.http(token) as http:
        asking = asyncio.ensure_future(
            http.post(PATH, json={"model": "sandbox-1", "messages": said})
        )
        card = await maria.wait_for_message("Approval needed")
        house.bot.kill()
        await maria.click(card, "Approve")
        assert (await asking).status_code == 200
        await maria.wait_for_change(card, "finished in", within=30)
    assert [one.ts for one in cards(maria)] == [card.ts]
