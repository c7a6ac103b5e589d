"""A gateway's stand-in on a socket, a forwarder before it, and a client that has its key."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from workstation.forwarder.server import Forwarder
from workstation.sign_in.tokens import Token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.errors import AbeyanceError

CLAIMS = (("abeyance-repository", "acme/shop"), ("abeyance-branch", "main"))


@dataclass
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class GatewayStandIn:
    """Answers as a test says, and keeps what it was asked."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]] | None = None
    refused: set[str] = field(default_factory=set)
    """Tokens that have ended by its clock."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client goes before it is answered."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(request.method, request.raw_path, headers, body))
        if headers.get("authorization", "") in self.refused:
            challenge = {"www-authenticate": 'Bearer realm="abeyance", error="invalid_token"'}
            return web.Response(status=401, headers=challenge, text="expired an hour ago")
        try:
            if self.answer is not None:
                return await self.answer(request)
        except asyncio.CancelledError:
            self.left.set()
            raise
        return web.Response(text="hello", headers={"abeyance-session": "s1"})


class People:
    """A source of tokens: each renewal gives the next one."""

    def __init__(self) -> None:
        self.number = 1
        self.fault: AbeyanceError | None = None
        self._lock = threading.Lock()

    def current(self) -> Token:
        if self.fault is not None:
            raise self.fault
        return Token(f"token-{self.number}", float("inf"))

    def renewed(self, refused: str) -> Token:
        with self._lock:
            if refused == f"token-{self.number}":
                self.number += 1
        return self.current()


@dataclass
class Tool:
    """What the tool sends, with its key or with another."""

    http: aiohttp.ClientSession
    forwarder: Forwarder

    def ask(
        self,
        method: str = "POST",
        path: str = "/anthropic/v1/messages",
        headers: dict[str, str] | None = None,
        **options: object,
    ) -> aiohttp.client._RequestContextManager:
        given = {"x-api-key": self.forwarder.key} if headers is None else headers
        return self.http.request(method, self.forwarder.url + path, headers=given, **options)  # type: ignore[arg-type]


@pytest.fixture
async def gateway() -> AsyncIterator[GatewayStandIn]:
    stand_in = GatewayStandIn()
    runner = web.ServerRunner(
        web.Server(stand_in.handle, auto_decompress=False, handler_cancellation=True)
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    stand_in.url = f"http://{host}:{port}"
    yield stand_in
    await runner.cleanup()


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
async def tool(gateway: GatewayStandIn, people: People) -> AsyncIterator[Tool]:
    kinds = {"anthropic": "anthropic", "openai": "openai", "gemini": "gemini"}
    async with (
        Forwarder(gateway.url, people, kinds, lambda: CLAIMS) as forwarder,
        aiohttp.ClientSession(auto_decompress=False) as http,
    ):
        yield Tool(http, forwarder)
