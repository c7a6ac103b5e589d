"""Clients that do not read their endless answers: little is read for them, others are answered."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from app.domain.connection import Connection, CredentialScheme
from app.vault import Vault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNREAD = 10
QUIET = 100
"""So many others are answered in a row while nothing more is taken."""
SMALL = 16 * 1024
"""Of the sockets at both ends: what the gateway holds back is then its own."""
MOST_EACH = 24_000_000
"""Far more than the system's own buffers take."""
BYTES = bytes(range(256)) * 128
"""No text, so that the gateway is as fast as it can be, and reads on where nothing stops it."""
DELTA = {"choices": [{"index": 0, "delta": {"content": "It goes on and on like that. " * 100}}]}
EVENTS = f"data: {json.dumps(DELTA)}\n\n".encode() * 10
ROUND_BYTES = 8_000_000
"""Somebody else gets so much of a stream of events while nothing more is taken."""
PATH = "/flood/v1/chat/completions"
ASKED = {"model": "m", "messages": [{"role": "user", "content": "go on"}], "stream": True}


class Flood:
    """A model API whose answers never end; counts what is taken of each."""

    def __init__(self, content_type: str, piece: bytes) -> None:
        self._head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n\r\n".encode()
        self._piece = piece
        self.taken: list[int] = []
        self.ended = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        number = len(self.taken)
        self.taken.append(0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        writer.transport.set_write_buffer_limits(SMALL)
        writer.write(self._head)
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(self._piece)
                await writer.drain()
                self.taken[number] += len(self._piece)
        self.ended += 1
        writer.close()


@asynccontextmanager
async def unread(place: Place, flood: Flood) -> AsyncIterator[httpx.AsyncClient]:
    """Have so many clients ask for the flood and read nothing; yield somebody else."""
    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(flood.serve, "127.0.0.1", 0)
        await stack.enter_async_context(server)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        vault = Vault(place.settings.vault_key.get_secret_value())
        sealed = vault.seal("flood", "sk-upstream")
        await place.storage.connections.put(
            Connection("flood", url, CredentialScheme.BEARER, sealed)
        )
        bearer = {"authorization": f"Bearer {await place.idp.token('alice')}"}
        http = httpx.AsyncClient(base_url=place.url, headers=bearer, timeout=120)
        asking = http.build_request("POST", PATH, json=ASKED)
        head = "".join(f"{name}: {value}\r\n" for name, value in asking.headers.items())
        sent = f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + asking.content
        for _ in range(UNREAD):
            client = stack.enter_context(connected(place))
            await asyncio.get_running_loop().sock_sendall(client, sent)
        yield await stack.enter_async_context(http)


def connected(place: Place) -> socket.socket:
    """Connect as a client that takes hardly anything it does not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    client.setblocking(False)
    with suppress(BlockingIOError):
        client.connect(("127.0.0.1", place.settings.port))
    return client


async def test_ten_unread_endless_answers_are_read_no_further_and_everybody_else_is_answered(
    place: Place,
) -> None:
    flood = Flood("audio/mpeg", BYTES)
    async with unread(place, flood) as http:
        before = [-1]
        while len(flood.taken) < UNREAD or flood.taken != before:
            before = list(flood.taken)
            for _ in range(QUIET):
                assert (await http.get("/-/healthz")).status_code == 200
            assert max(flood.taken, default=0) < MOST_EACH
        assert min(flood.taken) > 0
        assert flood.ended == 0


async def test_ten_unread_endless_streams_of_text_are_read_no_further_while_another_is_read(
    place: Place,
) -> None:
    flood = Flood("text/event-stream", EVENTS)
    async with unread(place, flood) as http:
        while len(flood.taken) < UNREAD or min(flood.taken) == 0:
            assert (await http.get("/-/healthz")).status_code == 200
        async with http.stream("POST", PATH, json=ASKED) as read:
            # A time in which nothing is taken says little, since to mask text takes long.
            pieces, before = read.aiter_raw(), [-1]
            while flood.taken[:UNREAD] != before:
                before = flood.taken[:UNREAD]
                got = 0
                while got < ROUND_BYTES:
                    got += len(await anext(pieces))
                assert max(flood.taken[:UNREAD]) < MOST_EACH
        assert flood.ended == 0
