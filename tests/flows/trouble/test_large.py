"""Bodies as large as the APIs take: stored, forwarded, answered, refused and shown."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from app.replay.reader import Reader
from tests.flows.house import open_house, send_all_then_read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sandbox.idp.driver import IdpDriver
    from tests.flows.house import House

MIB = 1024 * 1024
LIMIT = 64 * MIB
CREDENTIAL = "sk-upstream-0123456789abcdef"


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    limits = {"ABEYANCE_BODY_LIMIT": str(LIMIT)}
    with open_house(tmp_path_factory.mktemp("house"), mongodb_uri, **limits) as house:
        yield house


class Echo:
    """A model API that answers with the digest of what it got, or with what it is given."""

    def __init__(self) -> None:
        self.answer = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        [length] = [line for line in head.split("\r\n") if line.startswith("content-length:")]
        body = await reader.readexactly(int(length.partition(":")[2]))
        told = self.answer or json.dumps({"sha256": hashlib.sha256(body).hexdigest()}).encode()
        size = f"content-length: {len(told)}\r\nconnection: close\r\n\r\n".encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + size + told)
        await writer.drain()
        writer.close()


@pytest.fixture
async def echo(house: House) -> AsyncIterator[Echo]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0, limit=MIB)
    await house.register(
        "echo", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", CREDENTIAL
    )
    yield echo
    server.close()


def with_image(size: int) -> bytes:
    """A request of exactly `size` bytes, most of them a picture."""
    head = b'{"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", '
    head += b'"image_url": {"url": "data:image/png;base64,'
    tail = b'"}}, {"type": "text", "text": "What is this?"}]}]}'
    room = size - len(head) - len(tail)
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * (room // 256))[:room]
    return head + picture + tail


async def test_a_request_of_the_highest_limit_is_stored_and_forwarded_byte_for_byte(
    house: House, idp: IdpDriver, echo: Echo
) -> None:
    assert echo
    body = with_image(LIMIT)
    headers = {"content-type": "application/json"}
    async with house.http(await idp.token("alice")) as http:
        path = "/echo/v1/chat/completions"
        given = await http.post(path, content=body, headers=headers, timeout=120)
    assert given.status_code == 200, given.text
    assert given.json()["sha256"] == hashlib.sha256(body).hexdigest()
    storage = house.storage()
    session = await storage.sessions.get(given.headers["abeyance-session"])
    assert session is not None
    stored = await Reader(storage.sessions, storage.pieces, storage.pages).body(session)
    storage.close()
    assert stored == body


async def test_an_answer_of_the_highest_limit_is_passed_on_whole(
    house: House, idp: IdpDriver, echo: Echo
) -> None:
    around = len(json.dumps({"data": [{"b64_json": ""}]}))
    picture = base64.b64encode(bytes(range(256)) * (LIMIT // 256))[: LIMIT - around].decode()
    echo.answer = json.dumps({"data": [{"b64_json": picture}]}).encode()
    async with house.http(await idp.token("alice")) as http:
        given = await http.post("/echo/v1/images/generations", json={"prompt": "x"}, timeout=120)
    assert given.status_code == 200, given.text
    assert given.content == echo.answer


async def test_a_large_request_that_is_refused_unread_gets_its_answer_and_no_reset(
    house: House,
) -> None:
    body = with_image(20 * MIB)
    for _ in range(10):
        async with house.http("no token") as http:
            given = await http.post("/openai/v1/chat/completions", content=body)
        assert given.status_code == 401


@pytest.mark.parametrize(
    ("path", "where", "told"),
    [
        ("openai/v1/chat/completions", ("error", "code"), "request_too_large"),
        ("anthropic/v1/messages", ("error", "type"), "request_too_large"),
        ("echo/v1beta/models/x:generateContent", ("error", "status"), "INVALID_ARGUMENT"),
    ],
)
async def test_beyond_the_limit_each_api_says_413_in_its_own_words(
    house: House, idp: IdpDriver, echo: Echo, path: str, where: tuple[str, str], told: str
) -> None:
    assert echo
    async with house.http(await idp.token("alice")) as http:
        given = await http.post(f"/{path}", content=with_image(LIMIT + 1), timeout=120)
    assert given.status_code == 413
    assert given.json()[where[0]][where[1]] == told
    assert "64 MiB" in given.text or f"{LIMIT:,}" in given.text


async def test_a_client_that_sends_all_before_it_reads_sees_why_it_was_refused(
    house: House, idp: IdpDriver
) -> None:
    path, token = "/openai/v1/chat/completions", await idp.token("alice")
    for said, size, status in (("nobody", 20 * MIB, b"401"), (token, LIMIT + 20 * MIB, b"413")):
        answer = await asyncio.to_thread(send_all_then_read, house.url, path, said, size)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 " + status)
        assert json.loads(body)["error"]["message"]
