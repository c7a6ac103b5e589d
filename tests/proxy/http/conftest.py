"""A gateway, and a model API behind it that answers with the bytes it is given."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest_asyncio

from app.domain.connection import Connection, CredentialScheme
from app.vault import Vault
from tests.proxy.linking import Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CREDENTIAL = "sk-upstream-0123456789abcdef"


@dataclass(frozen=True)
class Received:
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Upstream:
    """Keeps what it receives; answers with `answers` in turn, then with an empty object."""

    received: list[Received] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.received.append(await _read(reader))
                writer.write(self.answers.pop(0) if self.answers else answer())
                await writer.drain()
        writer.close()

    @property
    def last(self) -> Received:
        return self.received[-1]


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.rstrip().split("\r\n")
    headers = {}
    for each in lines:
        name, _, value = each.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(line, headers, body)


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    if not any(line.startswith("content-type") for line in headers):
        lines.append("content-type: application/json")
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Here:
    """One gateway with the connection `it`."""

    place: Place
    upstream: Upstream

    async def token(self, person: str = "alice") -> str:
        return await self.place.idp.token(person)

    async def connect(self, **changes: Any) -> None:  # noqa: ANN401 - any field of a connection
        """Change the connection."""
        sealed = Vault(self.place.settings.vault_key.get_secret_value()).seal("it", CREDENTIAL)
        plain = Connection("it", f"{self.upstream.url}/base", CredentialScheme.BEARER, sealed)
        await self.place.storage.connections.put(replace(plain, **changes))

    def http(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.place.url, headers=headers, timeout=30)

    async def raw(self, sent: bytes) -> bytes:
        """Send bytes and return all that comes back until the connection ends."""
        host, _, port = self.place.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(sent)
        await writer.drain()
        received = await reader.read()
        writer.close()
        return received


@pytest_asyncio.fixture(loop_scope="module")
async def here(place: Place) -> AsyncIterator[Here]:
    upstream = Upstream()
    async with await asyncio.start_server(upstream.serve, "127.0.0.1", 0) as server:
        upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        here = Here(place, upstream)
        await here.connect()
        yield here
        server.close()
