"""A gateway on a socket and a browser for its pages: they keep cookies and send forms."""

from __future__ import annotations

import asyncio
import hashlib
import html
import re
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from app.clock import SystemClock
from app.settings import Settings
from app.storage.links import Link
from app.storage.store import MongoStorage
from proxy.main import run_gateway
from sandbox.idp.driver import IdpDriver
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.event import EventKind

CLOCK = SystemClock()


@dataclass
class Place:
    """A gateway, and what it meets in."""

    settings: Settings
    storage: MongoStorage
    idp: IdpDriver
    account: str = field(default_factory=lambda: f"E0/T{secrets.token_hex(4)}/U0MARIA001")
    """Of its own for each test; they share the rest."""

    @property
    def url(self) -> str:
        return self.settings.public_url

    async def link(self, *, label: str = "Maria Lopez", minutes: float = 10) -> str:
        """Make an offer as the bot does, and return its page."""
        code = secrets.token_hex(12)
        digest = hashlib.sha256(code.encode()).hexdigest()
        until = CLOCK.now() + timedelta(minutes=minutes)
        await self.storage.links.offer(Link(self.account, label, digest, until))
        return f"{self.url}/-/link/{code}"

    async def linked(self) -> str:
        found = await self.storage.links.of(self.account)
        return found.identity_key if found else ""

    async def events(self) -> list[tuple[EventKind, dict[str, Any]]]:
        events = [entry.event for entry in await self.storage.ledger.entries("")]
        return [(e.kind, dict(e.data)) for e in events if e.data.get("account") == self.account]

    @asynccontextmanager
    async def gateway(self, **changes: object) -> AsyncIterator[Place]:
        """Another gateway for the length of a block, with other settings."""
        port = free_port()
        moved = {"port": port, "public_url": f"http://127.0.0.1:{port}"}
        settings = Settings(**self.settings.model_dump() | moved | changes)
        async with gateway(settings):
            yield replace(self, settings=settings)


class Browser(httpx.AsyncClient):
    """Keeps cookies, follows redirects, and sends the form that it looks at."""

    def __init__(self) -> None:
        super().__init__(follow_redirects=True, timeout=30)

    async def send_form(self, page: httpx.Response, **answers: str) -> httpx.Response:
        return await self.post(action(page), data=hidden(page) | answers)

    async def sign_in(self, link: str, person: str = "maria") -> httpx.Response:
        """Go from the link in Slack to the page after the sign-in."""
        choice = await self.send_form(await self.get(link))
        assert "Who are you?" in choice.text
        return await self.post(choice.url, data={"person": person})


def action(page: httpx.Response) -> str:
    found = re.search(r'<form method="post" action="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


def hidden(page: httpx.Response) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))


@asynccontextmanager
async def gateway(settings: Settings) -> AsyncIterator[None]:
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_gateway(settings, stop, lambda _: ready.set()))
        await ready.wait()
        try:
            yield
        finally:
            stop.set()
