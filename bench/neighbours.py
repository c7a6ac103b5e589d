"""How long small requests take while one gateway is busy with somebody's large message.

    python -m bench.neighbours --seconds 10 --runs 3

A real gateway, the embedded database and an upstream that answers at once, all on this machine
over loopback; and last an auditor who opens the page of a large session again and again, and then
that of its conversation. What is added is measured against a quiet run just before, of the same
gateway.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from app.domain.connection import Connection, CredentialScheme
from app.storage.embedded import embedded_server, embedded_uri
from app.vault import Vault
from bench.figures import Figures, add_into
from bench.replay import record
from bench.shapes import text
from tests.conftest import free_port
from tests.flows.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PATH = "/bench/v1/chat/completions"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
SMALL = b'{"id": "1", "object": "chat.completion", "choices": []}'
CLIENTS = 2
REST_SECONDS = 5
MB = 1_000_000
TIMEOUT = aiohttp.ClientTimeout(total=300)
PAUSE_SECONDS = 0.01


def _asking(said: str) -> bytes:
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
        return await _ask(http, self.body)


@dataclass(frozen=True)
class Opened:
    """The page of a large session, which an auditor opens in her browser over and over."""

    name: str
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
        yield Opened(f"/replay of {megabytes:.0f} MB", url, browser)


def larges() -> list[Large]:
    asked = [Large(name, _asking(text(*shape))) for name, shape in PROMPTS.items()]
    for name, (kind, make) in ANSWERS.items():
        body = make()
        asked.append(Large(name, _asking(f"answer: {name}"), HEAD % (kind, len(body)) + body))
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


@dataclass
class Waits:
    """The milliseconds that each small request took, and what the large ones took."""

    small: list[float] = field(default_factory=list)
    large: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.small)

    @property
    def p99(self) -> float:
        return sorted(self.small)[int(len(self.small) * 0.99)]


async def measured(
    http: aiohttp.ClientSession, seconds: float, large: Large | Opened | None
) -> Waits:
    """Ask for that long; beside a large message there is one in progress all the time."""
    waits = Waits()
    until = time.perf_counter() + seconds

    async def small() -> None:
        while time.perf_counter() < until:
            waits.small.append(await _ask(http, _asking("hello")))
            await asyncio.sleep(PAUSE_SECONDS)

    async def again_and_again(large: Large | Opened) -> None:
        while True:
            waits.large.append(await large.ask(http))

    async with asyncio.TaskGroup() as tasks:
        busy = tasks.create_task(again_and_again(large)) if large else None
        async with asyncio.TaskGroup() as askers:
            for _ in range(CLIENTS):
                askers.create_task(small())
        if busy is not None:
            # One that is in progress goes to its end: the next run begins quiet.
            busy.cancel()
            with suppress(asyncio.CancelledError):
                await busy
    return waits


async def _ask(http: aiohttp.ClientSession, body: bytes) -> float:
    began = time.perf_counter()
    async with http.post(PATH, data=body, headers={"content-type": "application/json"}) as answer:
        assert answer.status == 200, await answer.text()
        await answer.read()
    return (time.perf_counter() - began) * 1000


async def neighbours(house: House, options: argparse.Namespace, figures: Figures) -> None:
    sent = larges()
    Upstream.answers = {f"answer: {a.name}".encode(): a.answer for a in sent}
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    storage, vault = house.storage(), Vault(house.vault_key)
    sealed = vault.seal("bench", "key")
    await storage.connections.put(
        Connection("bench", f"http://127.0.0.1:{port}", CredentialScheme.BEARER, sealed)
    )
    storage.close()
    async with house.idp() as idp:
        headers = {"authorization": f"Bearer {await idp.token('alice')}"}
    async with (
        opened(house, options.megabytes) as page,
        aiohttp.ClientSession(house.url, headers=headers, timeout=TIMEOUT) as http,
    ):
        await measured(http, 2, None)
        talk = Opened(
            f"conversation of {options.megabytes:.0f} MB", f"{page.url}/conversation", page.browser
        )
        for large in (*sent, page, talk):
            if options.only in large.name:
                await beside(house, http, large, options, figures)
    server.close()


async def beside(
    house: House,
    http: aiohttp.ClientSession,
    large: Large | Opened,
    options: argparse.Namespace,
    figures: Figures,
) -> None:
    """Measure, show and keep what one large thing adds to small requests."""
    before = resident(house)
    await large.ask(http)
    added: list[tuple[float, float]] = []
    took: list[float] = []
    for _ in range(options.runs):
        quiet = await measured(http, options.seconds, None)
        busy = await measured(http, options.seconds, large)
        added.append((busy.median - quiet.median, busy.p99 - quiet.p99))
        took += busy.large
        took.append(await large.ask(http))
    await asyncio.sleep(REST_SECONDS)
    medians, tails = zip(*added, strict=True)
    after = resident(house)
    kept = {"memory before, MB": before / MB, "memory after, MB": after / MB}
    figures.keep(f"{large.name}: added at the median, ms", medians, **kept)
    figures.keep(f"{large.name}: added at p99, ms", tails, quiet=quiet.p99)
    figures.keep(f"{large.name}: took, ms", took)
    print(
        f"{large.name}: added {_spread(medians)} ms at the median, {_spread(tails)} ms at"
        f" p99 (quiet {quiet.median:.0f} and {quiet.p99:.0f}; {len(busy.small)} requests a"
        f" run; the large one took {statistics.median(took):.0f} ms);"
        f" memory {before / MB:.0f} MB before, {after / MB:.0f} after",
        flush=True,
    )


def resident(house: House) -> int:
    """Return the bytes of memory that the gateway holds."""
    pages = Path(f"/proc/{house.gateway.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _spread(figures: tuple[float, ...]) -> str:
    return f"{statistics.median(figures):.1f} [{min(figures):.1f} to {max(figures):.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megabytes", type=float, default=20, help="of the session on the page")
    parser.add_argument("--only", default="", help="what has this in its name")
    add_into(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        asyncio.run(_housed(Path(folder), options))


async def _housed(data: Path, options: argparse.Namespace) -> None:
    figures = Figures("neighbours", options)
    port = free_port()
    async with embedded_server(port, data / "mongodb", data / "mongodb.log"):
        house = Housed(data, embedded_uri(port), settings={"ABEYANCE_PORT": str(free_port())})
        try:
            # Processes are started and stopped without a loop of ours running.
            await asyncio.to_thread(house.open)
            await neighbours(house, options, figures)
            figures.save()
        finally:
            await asyncio.to_thread(house.close)


if __name__ == "__main__":
    main()
