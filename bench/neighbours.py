"""How long small requests take while one gateway is busy with somebody's large message.

    python -m bench.neighbours --seconds 10 --runs 3

A real gateway, the embedded database and an upstream that answers at once, all on this machine
over loopback. What is added is told against a quiet run just before, of the same gateway.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from app.domain.connection import Connection, CredentialScheme
from app.storage.embedded import embedded_server, embedded_uri
from app.vault import Vault
from bench.shapes import text
from tests.conftest import free_port
from tests.flows.house import House

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/bench/v1/chat/completions"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
SMALL = b'{"id": "1", "object": "chat.completion", "choices": []}'
CLIENTS = 2
REST_SECONDS = 5
MB = 1_000_000
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


async def measured(http: aiohttp.ClientSession, seconds: float, large: Large | None) -> Waits:
    """Ask for that long; beside a large message there is one in progress all the time."""
    waits = Waits()
    until = time.perf_counter() + seconds

    async def small() -> None:
        while time.perf_counter() < until:
            waits.small.append(await _ask(http, _asking("hello")))
            await asyncio.sleep(PAUSE_SECONDS)

    async def again_and_again(body: bytes) -> None:
        while True:
            waits.large.append(await _ask(http, body))

    async with asyncio.TaskGroup() as tasks:
        busy = tasks.create_task(again_and_again(large.body)) if large else None
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


async def neighbours(house: House, seconds: float, runs: int) -> None:
    asked = larges()
    Upstream.answers = {f"answer: {a.name}".encode(): a.answer for a in asked}
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
    timeout = aiohttp.ClientTimeout(total=300)
    async with aiohttp.ClientSession(house.url, headers=headers, timeout=timeout) as http:
        await measured(http, 2, None)
        for large in asked:
            before = resident(house)
            await _ask(http, large.body)
            added: list[tuple[float, float]] = []
            took: list[float] = []
            for _ in range(runs):
                quiet = await measured(http, seconds, None)
                busy = await measured(http, seconds, large)
                added.append((busy.median - quiet.median, busy.p99 - quiet.p99))
                took += busy.large
                await _ask(http, large.body)
            await asyncio.sleep(REST_SECONDS)
            medians, tails = zip(*added, strict=True)
            print(
                f"{large.name}: added {_spread(medians)} ms at the median, {_spread(tails)} ms at"
                f" p99 (quiet {quiet.median:.0f} and {quiet.p99:.0f}; {len(busy.small)} requests a"
                f" run; the large one took {statistics.median(took or [seconds * 1000]):.0f} ms);"
                f" memory {before / MB:.0f} MB before, {resident(house) / MB:.0f} after",
                flush=True,
            )
    server.close()


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
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        asyncio.run(_housed(Path(folder), options.seconds, options.runs))


async def _housed(data: Path, seconds: float, runs: int) -> None:
    port = free_port()
    async with embedded_server(port, data / "mongodb", data / "mongodb.log"):
        house = House(data, embedded_uri(port))
        try:
            # Processes are started and stopped without a loop of ours running.
            await asyncio.to_thread(house.open)
            await neighbours(house, seconds, runs)
        finally:
            await asyncio.to_thread(house.close)


if __name__ == "__main__":
    main()
