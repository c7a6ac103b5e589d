"""What has no end, or is very large: an answer that goes on and on, or is one huge event."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import openai
import pytest

from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sandbox.idp.driver import IdpDriver

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
EVENT = b'data: {"id": "c", "choices": [{"index": 0, "delta": {"content": "and on "}}]}\n\n'


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    limits = {"ABEYANCE_ANSWER_SECONDS": "2", "ABEYANCE_STALLED_SECONDS": "1"}
    with open_house(tmp_path_factory.mktemp("house"), mongodb_uri, **limits) as house:
        yield house


@asynccontextmanager
async def endless(
    house: House, name: str, piece: bytes, pause: float
) -> AsyncIterator[asyncio.Event]:
    """Register an upstream that never ends an answer; the event is set when it is let go of."""
    released = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        try:
            while not reader.at_eof():
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
        except ConnectionError:
            pass
        released.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await house.register(name, f"http://127.0.0.1:{port}", "sk-upstream")
    async with server:
        yield released


async def test_an_answer_without_end_is_ended_with_an_error_that_says_so(
    house: House, idp: IdpDriver
) -> None:
    async with (
        endless(house, "endless", EVENT, 0.05) as released,
        house.openai(await idp.token("alice")) as anybody,
    ):
        client = anybody.with_options(base_url=f"{house.url}/endless/v1")
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Say hello"}], stream=True
        )
        assert (await anext(stream)).choices[0].delta.content == "and on "
        with pytest.raises(openai.APIError, match="took longer than 2 seconds"):
            [chunk async for chunk in stream]
        await asyncio.wait_for(released.wait(), 20)


async def test_a_caller_who_stops_reading_is_let_go_of_and_so_is_the_model_api(
    house: House, idp: IdpDriver
) -> None:
    token = await idp.token("alice")
    host, _, port = house.url.removeprefix("http://").partition(":")
    async with endless(house, "flood", EVENT * 500, 0) as released:
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        head = f"GET /flood/v1/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
        writer.write(head.encode())
        assert b" 200 " in await reader.readline()
        await asyncio.wait_for(released.wait(), 20)
        writer.close()


async def test_everybody_else_is_answered_while_a_large_event_is_being_masked(
    house: House, idp: IdpDriver
) -> None:
    delta = json.dumps({"choices": [{"index": 0, "delta": {"content": "a b-1 " * 1_000_000}}]})
    rest_has_come = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + f"data: {delta}".encode())
        await writer.drain()
        await rest_has_come.wait()
        writer.write(b"\n\n")  # now all of it can be masked
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await house.register("large", f"http://127.0.0.1:{port}", "sk-upstream")
    async with (
        server,
        house.http(await idp.token("alice")) as http,
        http.stream("GET", "/large/v1/x") as answer,
    ):
        for _ in range(50):
            assert (await http.get("/-/healthz")).status_code == 200
        rest_has_come.set()
        masked = asyncio.ensure_future(anext(answer.aiter_raw()))
        others = 0
        while not masked.done():
            assert (await http.get("/-/healthz")).status_code == 200
            others += 1
        assert (await masked).startswith(b"data: ")
        assert others >= 100
