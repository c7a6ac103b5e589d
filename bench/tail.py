"""How far behind a running answer its live tail on the replay page is.

    python -m bench.tail --seconds 20 --into bench/results

A real gateway, the embedded database and an upstream that streams an event every 50 ms, all on this
machine. The requester follows the session in the live tail. For each event it measures the time
from when the upstream sends it until the live tail shows it, which includes masking, recording,
reading the record and drawing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from app.storage.embedded import embedded_server, embedded_uri
from bench.figures import Figures, add_into
from bench.holds import show
from bench.neighbours.larges import PATH, TIMEOUT, Housed
from bench.web_page import PERSON
from tests.conftest import free_port

if TYPE_CHECKING:
    from tests.flows.house import House

EVENT_SECONDS = 0.05
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    b"Connection: close\r\n\r\n"
)
SHOWN = re.compile(r"step (\d+) done\.")
WITHIN_SECONDS = 30


class Upstream:
    """Streams an answer to each request, and notes when it sent which event."""

    def __init__(self, seconds: float) -> None:
        self._count = int(seconds / EVENT_SECONDS)
        self.sent: dict[int, float] = {}
        """When each event was sent, by its number, in seconds."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        for number in range(self._count):
            await self._send(writer, f"step {number} done. ", number)
            await asyncio.sleep(EVENT_SECONDS)
        writer.write(_chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def _send(self, writer: asyncio.StreamWriter, words: str, number: int) -> None:
        delta = {"choices": [{"index": 0, "delta": {"content": words}}]}
        self.sent[number] = time.perf_counter()
        writer.write(_chunk(b"data: " + json.dumps(delta).encode() + b"\n\n"))
        await writer.drain()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def followed(
    browser: aiohttp.ClientSession, url: str, upstream: Upstream
) -> dict[int, float]:
    """Follow a session to its end; return how many milliseconds each event took to be shown."""
    took: dict[int, float] = {}
    async with browser.get(url, headers={"accept": "text/event-stream"}) as tail:
        assert tail.status == 200, await tail.text()
        async for line in tail.content:
            now = time.perf_counter()
            if line.startswith(b"event: over"):
                break
            for number in map(int, SHOWN.findall(line.decode())):
                took.setdefault(number, (now - upstream.sent[number]) * 1000)
    return took


async def signed_in(browser: aiohttp.ClientSession, house: House) -> None:
    async with browser.get(f"{house.url}/-/replay", allow_redirects=False) as away:
        sign_in = away.headers["location"]
    async with browser.post(sign_in, data={"person": PERSON}) as page:
        assert page.status == 200, await page.text()


async def measure(house: House, options: argparse.Namespace, figures: Figures) -> None:
    upstream = Upstream(options.seconds)
    server = await asyncio.start_server(upstream.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await house.register("bench", f"http://127.0.0.1:{port}", "key")
    async with house.idp() as idp:
        headers = {"authorization": f"Bearer {await idp.token(PERSON)}"}
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "go on"}]}
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        aiohttp.ClientSession(house.url, headers=headers, timeout=TIMEOUT) as http,
        aiohttp.ClientSession(cookie_jar=jar, timeout=TIMEOUT, read_bufsize=1 << 24) as browser,
    ):
        await signed_in(browser, house)
        async with http.post(PATH, json=asked) as answer:
            assert answer.status == 200, await answer.text()
            session_id = answer.headers["Abeyance-Session"]
            url = f"{house.url}/-/replay/{session_id}/live"
            async with asyncio.TaskGroup() as tasks:
                tail = tasks.create_task(followed(browser, url, upstream))
                await answer.read()
                ended = time.perf_counter()
                async with asyncio.timeout(WITHIN_SECONDS):
                    await asyncio.wait({tail})
    server.close()
    took = tail.result()
    # What was sent before the browser began to follow was no part of the tail.
    behind = [took[number] for number in sorted(took)][int(1 / EVENT_SECONDS) :]
    show("an event is shown after, ms", behind)
    figures.keep("an event is shown after, ms", behind)
    print(f"max {max(behind):.0f} ms, {len(behind)} of {len(upstream.sent)} events")
    print(f"its end is shown {time.perf_counter() - ended:.1f} s after the answer ended")
    figures.save()


async def run(options: argparse.Namespace, data: Path) -> None:
    figures, port = Figures("tail", options), free_port()
    async with embedded_server(port, data / "mongodb", data / "mongodb.log"):
        house = Housed(data, embedded_uri(port), settings={"ABEYANCE_PORT": str(free_port())})
        try:
            await asyncio.to_thread(house.open)
            await measure(house, options, figures)
        finally:
            await asyncio.to_thread(house.close)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    add_into(parser)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        asyncio.run(run(parser.parse_args(), Path(folder)))


if __name__ == "__main__":
    main()
