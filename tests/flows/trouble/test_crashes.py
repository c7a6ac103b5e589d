"""Pulled plugs: a crash loses a connection, never a hold, a decision or a card."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from tests.flows.house import House, only_this_request, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver


@pytest.fixture
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A product for each story: these stories break it."""
    with open_house(tmp_path_factory.mktemp("house"), mongodb_uri) as house:
        yield house


def a_body() -> tuple[str, dict[str, object]]:
    word = f"ship-{uuid4().hex[:8]}"
    content = f"{word} to production"
    return word, {"model": "sandbox-1", "messages": [{"role": "user", "content": content}]}


async def test_a_gateway_killed_while_it_holds_loses_no_hold_and_the_retry_is_released_once(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, token = await slack.user("maria"), await idp.token("alice")
    word, body = a_body()
    async with house.http(token) as http:
        asking = asyncio.ensure_future(http.post("/openai/v1/chat/completions", json=body))
        card = await maria.wait_for_message(word)
        house.gateway.kill()
        with pytest.raises(httpx.HTTPError):
            await asking
    house.gateway = await asyncio.to_thread(house.start_gateway)
    await maria.click(card, "Approve")
    async with house.http(token) as http:
        answer = await http.post("/openai/v1/chat/completions", json=body)
    assert answer.status_code == 200
    assert len(await model.requests()) == 1
    assert len([m for m in maria.messages("approvals") if word in m.words]) == 1


async def test_an_approval_is_used_once_by_two_retries_that_race_in_two_gateways(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, token = await slack.user("maria"), await idp.token("alice")
    other = await asyncio.to_thread(house.start_gateway)
    path, impatient = "/openai/v1/chat/completions", {"prefer": "respond-async"}
    async with (
        house.http(token) as one,
        httpx.AsyncClient(
            base_url=other.addresses["gateway"]["url"], headers=one.headers, timeout=30
        ) as two,
    ):
        for turn in range(1, 11):
            word, body = a_body()
            assert (await one.post(path, json=body, headers=impatient)).status_code == 202
            card = await maria.wait_for_message(word)
            await only_this_request(maria, card)
            await maria.wait_for_change(card, "*Approved")
            answers = await asyncio.gather(
                *(http.post(path, json=body, headers=impatient) for http in (one, two))
            )
            # Who came second finds the approval used, or already asks for another one.
            statuses = [answer.status_code for answer in answers]
            assert statuses.count(200) == 1
            assert sum(status in (202, 403) for status in statuses) == 1
            assert len(await model.requests()) == turn


async def test_a_gateway_that_stops_sends_its_waiters_to_retry(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, token = await slack.user("maria"), await idp.token("alice")
    word, body = a_body()
    async with house.http(token) as http:
        asking = asyncio.ensure_future(http.post("/openai/v1/chat/completions", json=body))
        card = await maria.wait_for_message(word)
        assert await asyncio.to_thread(house.gateway.stop) == 0
        answer = await asking
    assert answer.status_code == 503
    assert "x-should-retry" not in answer.headers
    house.gateway = await asyncio.to_thread(house.start_gateway)
    async with house.http(token) as http:
        asking = asyncio.ensure_future(http.post("/openai/v1/chat/completions", json=body))
        await maria.click(card, "Approve")
        assert (await asking).status_code == 200
    assert len(await model.requests()) == 1


async def test_what_is_held_while_the_bot_is_away_gets_its_card_when_it_is_back(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    house.bot.kill()
    word, body = a_body()
    storage, watching = house.storage(), asyncio.Event()
    written = asyncio.ensure_future(anext(storage.holds.watch(watching)))
    await watching.wait()
    async with house.http(await idp.token("alice")) as http:
        asking = asyncio.ensure_future(http.post("/openai/v1/chat/completions", json=body))
        await written
        storage.close()
        house.bot = await asyncio.to_thread(house.start_bot)
        card = await maria.wait_for_message(word)
        await maria.click(card, "Approve")
        assert (await asking).status_code == 200
    assert len([m for m in maria.messages("approvals") if word in m.words]) == 1


async def test_a_second_bot_doubles_no_card_and_no_decision(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    await asyncio.to_thread(house.start_bot)
    await slack.faults(duplicate_envelopes=True)
    maria, token = await slack.user("maria"), await idp.token("alice")
    async with house.http(token) as http:
        for _ in range(3):
            word, body = a_body()
            asking = asyncio.ensure_future(http.post("/openai/v1/chat/completions", json=body))
            card = await maria.wait_for_message(word)
            await maria.click(card, "Approve")
            assert (await asking).status_code == 200
            await maria.wait_for_change(card, "finished in")
            assert len([m for m in maria.messages("approvals") if word in m.words]) == 1
    assert len(await model.requests()) == 3
