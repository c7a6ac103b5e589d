"""Several clients wait for one hold: it has somebody until the last has left."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

DISCONNECTED = "The requester disconnected"


async def ask(house: House, token: str, word: str) -> int:
    body = {"model": "sandbox-1", "messages": [{"role": "user", "content": f"{word} production"}]}
    async with house.http(token) as http:
        return (await http.post("/openai/v1/chat/completions", json=body)).status_code


async def waiting(house: House, count: int) -> Hold:
    """Return the hold that waits, as soon as so many callers wait for it."""
    storage = house.storage()
    async with asyncio.timeout(20):
        while True:
            [hold] = await storage.holds.pending() or [None]
            if hold is not None and len(hold.callers) == count:
                storage.close()
                return hold


async def leave(asking: asyncio.Future[int]) -> None:
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking


async def test_a_client_that_leaves_takes_nobody_else_with_it(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, token, word = await slack.user("maria"), await idp.token("alice"), uuid4().hex
    first = asyncio.ensure_future(ask(house, token, word))
    await waiting(house, 1)
    second = asyncio.ensure_future(ask(house, token, word))
    await waiting(house, 2)
    card = await maria.wait_for_message(word, channel="approvals")
    await leave(first)
    await waiting(house, 1)
    third = asyncio.ensure_future(ask(house, token, word))
    await waiting(house, 2)
    await leave(third)
    hold = await waiting(house, 1)
    assert hold.attached
    await leave(second)
    card = await maria.wait_for_change(card, DISCONNECTED)
    back = asyncio.ensure_future(ask(house, token, word))
    card = await maria.wait_for_change(card, lambda m: DISCONNECTED not in m.words)
    await maria.click(card, "Approve")
    assert await back == 200
