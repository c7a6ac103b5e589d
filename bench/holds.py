"""How soon a click forwards, and what ten thousand waiting requests cost one gateway.

    python -m bench.holds click --clicks 100 --runs 3
    python -m bench.holds waiting --holds 10000 --runs 3

Everything runs on this machine over loopback: the product's processes, the embedded server, the
sandbox. So Slack's own way to and fro is not in the figures, and the machine's other work is.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp

from app.domain.connection import Connection, CredentialScheme
from app.domain.hold import Hold, HoldState
from app.storage.embedded import embedded_server, embedded_uri
from app.storage.lifeline import Lifeline
from app.vault import Vault
from bot.delivery.leader import Duty
from bot.slack.button_signer import ButtonSigner
from sandbox.slack import BOT_TOKEN, SIGNING_SECRET
from sandbox.slack.delivery import signature_headers
from sandbox.slack.state import seed
from tests.conftest import free_port
from tests.flows.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.storage.ports import NoticeStore
    from sandbox.idp.driver import IdpDriver

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
ANSWER = b'{"id": "1", "object": "chat.completion", "choices": []}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
READING_SECONDS = 0.3
REST_SECONDS = 30.0
EACH = 4
"""So many requests of one person wait, and of some one more: a gateway lets five wait."""
_builds = itertools.count()
"""What was approved once passes for an hour, also in a later run."""
WAITING = "abeyance_waiting_requests "
RULE = """
- id: production-needs-a-manager
  title: Prompts that name production
  on: request
  when: {prompt: {words: [production]}}
  then: hold
  approval: {from: [managers], quorum: 1, expires: 6h}
  risk: high
  explain: Use the staging name.
  examples: {match: ["deploy to production"], skip: ["hello"]}
"""


class Upstream(asyncio.Protocol):
    """Answers each request; notes when its first byte came."""

    first_byte = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        if not self._received:
            Upstream.first_byte = time.perf_counter()
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        if len(body) >= _length(head):
            self._received = b""
            self._transport.write(HEAD % len(ANSWER) + ANSWER)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def click(house: House, clicks: int, events: str) -> list[float]:
    """Return for each click the milliseconds until the upstream saw its request."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await _connect_upstream(house, f"http://127.0.0.1:{port}")
    storage, signer, took = house.storage(), ButtonSigner(BOT_TOKEN), []
    async with house.idp() as idp, aiohttp.ClientSession() as slack:
        token = await idp.token("alice")
        async with house.http(token) as http:
            for _ in range(clicks):
                opened = asyncio.Event()
                watching = storage.holds.watch(opened)
                pending = asyncio.ensure_future(_pending(watching))
                await opened.wait()
                asking = asyncio.ensure_future(
                    http.post("/bench/v1/chat/completions", json=_body(next(_builds)))
                )
                hold = await pending
                await watching.aclose()
                await _card(storage.notices, hold)
                # Nobody clicks on a card sooner: what posting it writes is written by then.
                await asyncio.sleep(READING_SECONDS)
                body = urlencode({"payload": json.dumps(_payload(signer.sign(hold)))}).encode()
                headers = signature_headers(body, int(time.time()))
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                began = time.perf_counter()
                async with slack.post(events, data=body, headers=headers) as acked:
                    assert acked.status == 200, (acked.status, await acked.text())
                answer = await asking
                assert answer.status_code == 200, answer.text
                took.append((Upstream.first_byte - began) * 1000)
    storage.close()
    server.close()
    return took


async def _pending(written: AsyncIterator[Hold]) -> Hold:
    """Return the next hold that waits: what else is written is about the one before."""
    return await anext(hold async for hold in written if hold.state is HoldState.PENDING)


async def _card(notices: NoticeStore, hold: Hold) -> None:
    """Return when the card of a hold is up; another process posts it."""
    async with asyncio.timeout(60):
        while not any(notice.shown for notice in await notices.of_hold(hold.id)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _body(number: int) -> dict[str, object]:
    said = [{"role": "user", "content": f"Deploy build {number} to production"}]
    return {"model": "bench-1", "messages": said}


def _payload(value: str) -> dict[str, object]:
    """Spell a click of Maria on Approve, as Slack does."""
    action = {"action_id": "hold_approve", "block_id": "b", "type": "button", "value": value}
    return {
        "type": "block_actions",
        "api_app_id": seed.APP_ID,
        "user": {"id": seed.MARIA.id, "team_id": seed.TEAM_ID},
        "team": {"id": seed.TEAM_ID},
        "actions": [action],
        "trigger_id": "1.2.3",
    }


async def _connect_upstream(house: House, url: str) -> None:
    storage, vault = house.storage(), Vault(house.vault_key)
    sealed = vault.seal("bench", "key")
    await storage.connections.put(Connection("bench", url, CredentialScheme.BEARER, sealed))
    storage.close()


async def waiting(house: House, holds: int) -> dict[str, float]:
    """Have that many requests wait in the gateway; return what each costs there."""
    await _connect_upstream(house, "http://127.0.0.1:9")
    async with house.idp() as idp:
        tokens = [await _token(idp, number) for number in range(-(-holds // EACH))]
    port = int(house.url.rpartition(":")[2])
    pid = house.gateway.process.pid
    # What is only paid once is paid before.
    early = [await _ask(port, token, -1) for token in tokens[:20]]
    await _held(house, len(early))
    before = _resident(pid)
    began = time.perf_counter()
    gate, writers = asyncio.Semaphore(50), []

    async def ask(number: int) -> None:
        async with gate:
            writers.append(await _ask(port, tokens[number % len(tokens)], number))

    async with asyncio.TaskGroup() as tasks:
        for number in range(holds):
            tasks.create_task(ask(number))
    await _held(house, holds + len(early))
    opened = time.perf_counter() - began
    await asyncio.sleep(5)
    busy = _cpu(pid)
    await asyncio.sleep(REST_SECONDS)
    percent = (_cpu(pid) - busy) / REST_SECONDS * 100
    kilobytes = (_resident(pid) - before) / holds / 1024
    # Ten thousand who hang up are ten thousand notes that they have: not what is measured here.
    house.gateway.kill()
    for writer in (*early, *writers):
        writer.close()
    return {"KB a hold": kilobytes, "% of a core at rest": percent, "s to open": opened}


async def _token(idp: IdpDriver, number: int) -> str:
    claims: dict[str, object] = {"sub": f"person-{number}", "email": f"p{number}@example.com"}
    return await idp.mint(claims=claims)


async def _ask(port: int, token: str, number: int) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(_body(number)).encode()
    writer.write(
        b"POST /bench/v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n"
        b"Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % (token.encode(), len(body)) + body
    )
    await writer.drain()
    return writer


async def _held(house: House, wanted: int) -> None:
    """Wait until so many wait, by the gateway's own count."""
    async with aiohttp.ClientSession() as http:
        for _ in range(3600):
            async with http.get(f"{house.url}/-/metrics") as page:
                figures = await page.text()
            waiting = next(line for line in figures.splitlines() if line.startswith(WAITING))
            if float(waiting.rpartition(" ")[2]) >= wanted:
                return
            await asyncio.sleep(2)


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def show(name: str, figures: list[float]) -> None:
    low, middle, high = min(figures), statistics.median(figures), max(figures)
    print(f"{name}: min {low:.1f}, median {middle:.1f}, max {high:.1f} of {len(figures)} runs")


def run_clicks(house: House, runs: int, clicks: int) -> None:
    port = free_port()
    events = f"http://127.0.0.1:{port}/-/slack/events"
    house.settings |= {
        "ABEYANCE_SLACK_MODE": "http",
        "ABEYANCE_SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "ABEYANCE_SLACK_HTTP_PORT": str(port),
        "ABEYANCE_SLACK_POST_SECONDS": "0.01",
    }
    house.open()
    asyncio.run(_no_rates(house))
    medians, tails = [], []
    asyncio.run(click(house, 30, events))
    for _ in range(runs):
        took = sorted(asyncio.run(click(house, clicks, events)))
        medians.append(statistics.median(took))
        tails.append(took[int(len(took) * 0.99) - 1])
    show("click to forward, median, ms", medians)
    show(f"click to forward, p99 of {clicks}, ms", tails)


async def _no_rates(house: House) -> None:
    async with house.slack() as slack:
        await slack.settings(rates=0)


def run_waiting(house: House, holds: int) -> dict[str, float]:
    house.open()
    house.bot.stop()
    return asyncio.run(_as_a_bot(house, holds))


async def _as_a_bot(house: House, holds: int) -> dict[str, float]:
    """Give a bot's signs of life, and do none of its work: it is not what is measured here."""
    storage = house.storage()
    async with Lifeline(storage.again) as life, asyncio.TaskGroup() as tasks:
        on_duty = tasks.create_task(Duty(life).serve(_nothing))
        figures = await waiting(house, holds)
        on_duty.cancel()
    storage.close()
    return figures


async def _nothing() -> None:
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("click", "waiting"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--clicks", type=int, default=100)
    parser.add_argument("--holds", type=int, default=10_000)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    found: dict[str, list[float]] = {}
    for _ in range(1 if options.what == "click" else options.runs):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            asyncio.run(_one(Path(folder), options, found))
    for name, figures in found.items():
        show(name, figures)


async def _one(data: Path, options: argparse.Namespace, found: dict[str, list[float]]) -> None:
    """Give a database of its own to one run; the run itself is in a thread beside it."""
    port = free_port()
    async with embedded_server(port, data / "mongodb", data / "mongodb.log"):
        (data / "policies" / "catalog").mkdir(parents=True)
        (data / "policies" / "catalog" / "rules.yaml").write_text(RULE)
        approvers = "- name: managers\n  slack_groups: [managers]\n"
        (data / "policies" / "approvers.yaml").write_text(approvers)
        house = House(data, embedded_uri(port), data / "policies")
        # As in production; tests have connections read for each request.
        house.settings["ABEYANCE_CONNECTIONS_SECONDS"] = "1"
        try:
            if options.what == "click":
                await asyncio.to_thread(run_clicks, house, options.runs, options.clicks)
                return
            figures = await asyncio.to_thread(run_waiting, house, options.holds)
            for name, figure in figures.items():
                found.setdefault(name, []).append(figure)
        finally:
            await asyncio.to_thread(house.close)


if __name__ == "__main__":
    main()
