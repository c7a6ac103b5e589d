"""Two gateways and two bots are replaced one by one, and none of their callers notices."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import Process

CHAT = "/openai/v1/chat/completions"
# So that what is measured is the restart, not how much the machine can bear.
PAUSE = 0.05


@pytest.fixture
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    drain = {"ABEYANCE_DRAIN_SECONDS": "5", "ABEYANCE_PENDING_LIMIT": "1000"}
    with open_house(tmp_path_factory.mktemp("house"), mongodb_uri, **drain) as house:
        yield house


@dataclass
class Balancer:
    """Sends each request to a gateway that is ready; connections are kept, as balancers do."""

    token: str
    all: list[httpx.AsyncClient] = field(default_factory=list)
    gateways: list[httpx.AsyncClient] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    turns: itertools.count[int] = field(default_factory=itertools.count)

    def add(self, gateway: Process) -> None:
        headers = {"authorization": f"Bearer {self.token}"}
        url = gateway.addresses["gateway"]["url"]
        self.all.append(httpx.AsyncClient(base_url=url, headers=headers, timeout=300))
        self.gateways.append(self.all[-1])

    async def close(self) -> None:
        for gateway in self.all:
            await gateway.aclose()

    def drop(self, gateway: httpx.AsyncClient) -> None:
        if gateway in self.gateways:
            self.gateways.remove(gateway)

    async def post(self, body: dict[str, object]) -> httpx.Response:
        """Send it until somebody takes it; whatever else goes wrong is the story's failure."""
        while True:
            gateway = self.gateways[next(self.turns) % len(self.gateways)]
            try:
                answer = await gateway.post(CHAT, json=body)
            except httpx.ConnectError:  # refused: nothing was sent
                self.drop(gateway)
                continue
            self.statuses[answer.status_code] += 1
            return answer

    async def watch(self) -> None:
        """Leave out whoever is not ready any more."""
        while True:
            for gateway in tuple(self.gateways):
                try:
                    ready = (await gateway.get("/-/readyz")).is_success
                except httpx.ConnectError:
                    ready = False
                if not ready:
                    self.drop(gateway)
            await asyncio.sleep(0.2)


def saying(words: str, model: str = "sandbox-1", **more: object) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": words}], **more}


async def plain(balancer: Balancer, over: asyncio.Event) -> None:
    while not over.is_set():
        answer = await balancer.post(saying("hello"))
        assert answer.status_code == 200, answer.text
        assert answer.json()["choices"]
        await asyncio.sleep(PAUSE)


async def streams(balancer: Balancer, over: asyncio.Event) -> None:
    while not over.is_set():
        answer = await balancer.post(saying("hello", "sandbox-slow60", stream=True))
        assert answer.status_code == 200, answer.text
        assert answer.text.endswith("data: [DONE]\n\n")
        assert '"error"' not in answer.text
        await asyncio.sleep(PAUSE)


async def held(balancer: Balancer, words: str) -> tuple[httpx.Response, set[str]]:
    """Ask, and again as long as told to; return the answer, and the session of each try."""
    sessions = set()
    while True:
        answer = await balancer.post(saying(f"ship {words} to production"))
        sessions.add(answer.headers["abeyance-session"])
        if answer.status_code != 503:
            return answer, sessions
        await asyncio.sleep(float(answer.headers["retry-after"]))


async def start_another(house: House, gateways: list[Process], bots: list[Process]) -> None:
    gateway, bot = await asyncio.gather(
        asyncio.to_thread(house.start_gateway), asyncio.to_thread(house.start_bot)
    )
    gateways.append(gateway)
    bots.append(bot)


async def test_a_rolling_restart_under_load_costs_no_caller_an_answer(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, balancer = await slack.user("maria"), Balancer(await idp.token("alice"))
    bots, gateways = [house.bot], [house.gateway]
    await start_another(house, gateways, bots)
    for gateway in gateways:
        balancer.add(gateway)
    over, words = asyncio.Event(), [uuid4().hex[:8] for _ in range(4)]
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(balancer.watch())
        for story in (plain, streams, streams, streams, streams):
            tasks.create_task(story(balancer, over))
        waiting = [tasks.create_task(held(balancer, word)) for word in words]
        cards = [await maria.wait_for_message(word) for word in words]
        for gateway, bot in zip(tuple(gateways), tuple(bots), strict=True):
            await start_another(house, gateways, bots)
            balancer.add(gateways[-1])
            stopped = await asyncio.gather(
                asyncio.to_thread(gateway.stop), asyncio.to_thread(bot.stop)
            )
            assert stopped == [0, 0]
        for card in cards:
            await maria.click(card, "Approve")
        answers = await asyncio.gather(*waiting)
        over.set()
        watching.cancel()
    await balancer.close()
    for answer, sessions in answers:
        assert answer.status_code == 200, answer.text
        assert len(sessions) == 1, "each retry joins the hold"
    assert set(balancer.statuses) == {200, 503}
    for word in words:
        assert len([m for m in maria.messages("approvals") if word in m.words]) == 1
        assert len([r for r in await model.requests() if word.encode() in r.body]) == 1
