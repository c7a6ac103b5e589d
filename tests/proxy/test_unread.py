"""Clients that do not read their endless answers: little is read for them, others are answered."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from app.domain.connection import Connection, CredentialScheme
from app.vault import Vault

if TYPE_CHECKING:
    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNREAD = 10
QUIET = 100
"""So many others are answered in a row while nothing more is taken."""
SMALL = 16 * 1024
"""Of the sockets at both ends: what the gateway holds back is then its own."""
MOST_EACH = 24_000_000
"""Far more than the system's own buffers take."""
PIECE = bytes(range(256)) * 128
"""No text, so that the gateway is as fast as it can be, and reads on where nothing stops it."""


class Flood:
    """A model API whose answers never end; counts what is taken of each."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.ended = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        number = len(self.taken)
        self.taken.append(0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        writer.transport.set_write_buffer_limits(SMALL)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\n\r\n")
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(PIECE)
                await writer.drain()
                self.taken[number] += len(PIECE)
        self.ended += 1
        writer.close()


def unread(place: Place) -> socket.socket:
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
    flood = Flood()
    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(flood.serve, "127.0.0.1", 0)
        await stack.enter_async_context(server)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        vault = Vault(place.settings.vault_key.get_secret_value())
        sealed = vault.seal("flood", "sk-upstream")
        await place.storage.connections.put(
            Connection("flood", url, CredentialScheme.BEARER, sealed)
        )
        token = await place.idp.token("alice")
        head = f"GET /flood/v1/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
        loop = asyncio.get_running_loop()
        for _ in range(UNREAD):
            client = stack.enter_context(unread(place))
            await loop.sock_sendall(client, head.encode())
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=place.url, timeout=120))
        before = [-1]
        while len(flood.taken) < UNREAD or flood.taken != before:
            before = list(flood.taken)
            for _ in range(QUIET):
                assert (await http.get("/-/healthz")).status_code == 200
            assert max(flood.taken, default=0) < MOST_EACH
        assert min(flood.taken) > 0
        assert flood.ended == 0
