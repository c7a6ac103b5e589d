"""The large things that somebody has in progress, and the upstream that answers them."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from bench.replay import record
from bench.shapes import text
from tests.flows.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PATH = "/bench/v1/chat/completions"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
SMALL = b'{"id": "1", "object": "chat.completion", "choices": []}'
MB = 1_000_000
TIMEOUT = aiohttp.ClientTimeout(total=300)


def asking(said: str) -> bytes:
    said_by_user = [{"role": "user", "content": said}]
    return json.dumps({"model": "bench-1", "messages": said_by_user}).encode()


def _document() -> bytes:
    choices = [
        {"index": at, "message": {"role": "assistant", "content": text("code", 100_000)}}
        for at in range(200)
    ]
    return json.dumps({"id": "1", "object": "chat.completion", "choices": choices}).encode()


def _picture() -> bytes:
    data = [{"b64_json": text("base64 of bytes, unbroken", 2_000_000)}]
    return json.dumps({"created": 1, "data": data}).encode()


def _event() -> bytes:
    choices = [{"index": 0, "delta": {"content": text("code", 4_000_000)}}]
    event = json.dumps({"id": "1", "object": "chat.completion.chunk", "choices": choices})
    return f"data: {event}\n\ndata: [DONE]\n\n".encode()


ANSWERS: dict[str, tuple[bytes, Callable[[], bytes]]] = {
    "20 MB JSON answer": (b"application/json", _document),
    "2 MB picture in JSON": (b"application/json", _picture),
    "4 MB event of a stream": (b"text/event-stream", _event),
}
PROMPTS: dict[str, tuple[str, int]] = {
    "8 MB prompt of code": ("code", 8_000_000),
    "8 MB of base64": ("base64 of bytes, unbroken", 8_000_000),
}


@dataclass(frozen=True)
class Large:
    """What somebody sends, over and over, and what comes back."""

    name: str
    body: bytes
    answer: bytes = HEAD % (b"application/json", len(SMALL)) + SMALL

    async def ask(self, http: aiohttp.ClientSession) -> float:
        return await ask(http, self.body)


@dataclass(frozen=True)
class Opened:
    """The page of a large session, which an auditor opens in her browser over and over."""

    name: str
    session_id: str
    url: str
    browser: aiohttp.ClientSession

    async def ask(self, _http: aiohttp.ClientSession) -> float:
        began = time.perf_counter()
        async with self.browser.get(self.url) as page:
            assert page.status == 200, await page.text()
            await page.read()
        return (time.perf_counter() - began) * 1000


class Housed(House):
    """A house in which people may sign in with a browser, as for the page."""

    @property
    def env(self) -> dict[str, str]:
        idp = self.sandbox["idp"]
        return {
            **super().env,
            "ABEYANCE_PUBLIC_URL": f"http://127.0.0.1:{self.settings['ABEYANCE_PORT']}",
            "ABEYANCE_LOGIN_ISSUER": idp["issuer"],
            "ABEYANCE_LOGIN_CLIENT_ID": idp["client_id"],
            "ABEYANCE_LOGIN_CLIENT_SECRET": idp["client_secret"],
        }


@asynccontextmanager
async def opened(house: House, megabytes: float) -> AsyncIterator[Opened]:
    """Record a session whose request and answer are that large, and sign the auditor in."""
    session_id = await record(house, int(megabytes * MB))
    # Cookies of an address without a name are kept only so.
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=TIMEOUT) as browser:
        url = f"{house.url}/-/replay/{session_id}"
        async with browser.get(url, allow_redirects=False) as away:
            sign_in = away.headers["location"]
        async with browser.post(sign_in, data={"person": "ines"}) as page:
            assert session_id in await page.text(), page.url
        yield Opened(f"/replay of {megabytes:.0f} MB", session_id, url, browser)


def larges() -> list[Large]:
    asked = [Large(name, asking(text(*shape))) for name, shape in PROMPTS.items()]
    for name, (kind, make) in ANSWERS.items():
        body = make()
        asked.append(Large(name, asking(f"answer: {name}"), HEAD % (kind, len(body)) + body))
    return asked


class Upstream(asyncio.Protocol):
    """Answers each request at once; what it says shows which answer."""

    answers: dict[bytes, bytes] = {}  # noqa: RUF012 - set once, before anything is asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._parts: list[bytes] = []
        self._missing = 0

    def data_received(self, data: bytes) -> None:
        if not self._parts:
            head, _, body = data.partition(b"\r\n\r\n")
            length = next(
                line.partition(b":")[2]
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            )
            self._missing, data = int(length), body
        self._parts.append(data)
        self._missing -= len(data)
        if self._missing == 0:
            body, self._parts = b"".join(self._parts), []
            answer = next((a for said, a in self.answers.items() if said in body), None)
            self._transport.write(answer or HEAD % (b"application/json", len(SMALL)) + SMALL)


async def ask(http: aiohttp.ClientSession, body: bytes) -> float:
    began = time.perf_counter()
    async with http.post(PATH, data=body, headers={"content-type": "application/json"}) as answer:
        assert answer.status == 200, await answer.text()
        await answer.read()
    return (time.perf_counter() - began) * 1000
