"""How often a request asks the database, and what of that is done before it goes out."""

from __future__ import annotations

import asyncio
from collections import Counter  # noqa: TC003 - counted at run time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from pymongo import monitoring

from tests.commands import Commands
from tests.proxy.http.conftest import Here, Upstream, answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIMES = 10
INTENT, END = "bulkWrite ledger pieces sessions", "bulkWrite chunks ledger sessions"
EVENTS = b'data: {"choices":[]}\n\n' * 50 + b"data: [DONE]\n\n"
COMMANDS = Commands()
monitoring.register(COMMANDS)


def each(commands: Counter[str]) -> dict[str, int]:
    """What each of the requests asked; what the gateway does every few seconds is less."""
    return {name: count // TIMES for name, count in commands.items() if count >= TIMES}


@asynccontextmanager
async def listening(place: Place, given: bytes) -> AsyncIterator[tuple[Here, list[Counter[str]]]]:
    """Yield a gateway, and what had been answered when each request came to the model API."""
    seen: list[Counter[str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(size)
                seen.append(COMMANDS.answered.copy())
                writer.write(given)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with place.gateway(connections_seconds=60) as counted:
            here = Here(counted, Upstream(url=url))
            await here.connect()
            yield here, seen
        server.close()


@pytest.mark.parametrize(
    "given",
    [answer(b'{"choices":[]}'), answer(EVENTS, "content-type: text/event-stream")],
    ids=["whole", "streamed"],
)
async def test_an_allowed_request_is_two_writes_and_only_the_first_is_waited_for(
    place: Place, given: bytes
) -> None:
    async with listening(place, given) as (here, seen):
        token = await here.token()
        async with here.http(authorization=f"Bearer {token}") as http:
            # The first finds out about connections and people.
            await http.post("/it/v1/chat/completions", json={"messages": []})
            with COMMANDS.of(here.place.settings.mongodb_database):
                seen.clear()
                for number in range(TIMES):
                    body = {"messages": [{"role": "user", "content": f"hello {number}"}]}
                    got = await http.post("/it/v1/chat/completions", json=body)
                    assert got.status_code == 200
                async with asyncio.timeout(30):
                    while COMMANDS.answered[END] < TIMES:  # noqa: ASYNC110 - the driver tells of it in a thread
                        await asyncio.sleep(0)
    assert each(COMMANDS.asked) == {INTENT: 1, END: 1}
    assert [before[INTENT] for before in seen] == list(range(1, TIMES + 1))


async def test_of_many_first_requests_of_a_person_one_writes_who_they_are(place: Place) -> None:
    async with listening(place, answer(b'{"choices":[]}')) as (here, seen):
        token = await here.token()
        async with here.http(authorization=f"Bearer {token}") as http:
            with COMMANDS.of(here.place.settings.mongodb_database):
                body = {"messages": []}
                asking = (http.post("/it/v1/chat/completions", json=body) for _ in range(TIMES))
                answers = await asyncio.gather(*asking)
    assert [got.status_code for got in answers] == [200] * TIMES
    assert len(seen) == TIMES
    assert COMMANDS.asked["update people"] == 1
