"""A manager who clicks on a card, and an auditor who opens a large session in Slack beside it.

What the sandbox's Slack takes is in the figures. The bot is connected by the socket.
"""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from bench.replay import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from sandbox.slack.people.driver import SeenMessage, SlackUser
    from tests.flows.house import House

PATH = "/openai/v1/chat/completions"


class Clicker:
    """Looks at a request that is held, by the button on its card."""

    def __init__(self, maria: SlackUser, card: SeenMessage, word: str) -> None:
        """`word` is in the request."""
        self._maria = maria
        self._card = card
        self._word = word
        self.acknowledged: list[float] = []
        """After how many milliseconds the bot had acknowledged each click."""

    async def click(self) -> float:
        """Return after how many milliseconds the request was shown."""
        began = time.perf_counter()
        await self._maria.click(self._card, "View full")
        self.acknowledged.append((time.perf_counter() - began) * 1000)
        await self._maria.wait_for_view(self._word)
        took = (time.perf_counter() - began) * 1000
        await self._maria.close_view(everything=True)
        return took


@asynccontextmanager
async def clicker(house: House) -> AsyncIterator[Clicker]:
    """Have a request held, and the manager look at its card."""
    word = f"build-{uuid4().hex[:8]}"
    said = [{"role": "user", "content": f"Deploy {word} to production"}]
    body = {"model": "bench-1", "messages": said}
    async with house.slack() as slack, house.idp() as idp:
        await slack.settings(rates=0, ack_seconds=60)
        maria = await slack.user("maria")
        async with house.http(await idp.token("alice")) as http:
            asked = await http.post(PATH, json=body, headers={"prefer": "respond-async"})
        assert asked.status_code == 202, asked.text
        card = await maria.wait_for_message(word, channel="approvals")
        yield Clicker(maria, card, word)
        # So that no more are waiting at a time than one person may have.
        await maria.click(card, "Approve")


class OpenedInSlack:
    """The first page of a large session, which an auditor opens in Slack over and over."""

    def __init__(self, name: str, ines: SlackUser, session_id: str) -> None:
        self.name = name
        self._ines = ines
        self._session_id = session_id

    async def ask(self, _http: aiohttp.ClientSession) -> float:
        if self._ines.views:  # of one that was cancelled
            await self._ines.close_view(everything=True)
        took, _ = await opened(self._ines, self._session_id, 1)
        return took
