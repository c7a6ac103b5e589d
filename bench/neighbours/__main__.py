"""How long small requests take while one gateway is busy with somebody's large message.

    python -m bench.neighbours --seconds 10 --runs 3
    python -m bench.neighbours --clicks --into bench/results

A real gateway, the embedded database and an upstream that answers at once, all on this machine
over loopback; and last an auditor who opens the page of a large session again and again, and then
that of its conversation. What is added is measured against a quiet run just before, of the same
gateway.

With `--clicks` it is a manager's clicks in Slack that are measured, and not small requests: until
the bot has acknowledged each, and until what she wants to see is shown. The auditor then opens the
large session in Slack, too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import aiohttp

from app.domain.connection import Connection, CredentialScheme
from app.storage.embedded import embedded_server, embedded_uri
from app.vault import Vault
from bench.figures import Figures, add_into
from bench.neighbours.clicking import Clicker, OpenedInSlack, clicker
from bench.neighbours.larges import (
    MB,
    TIMEOUT,
    Housed,
    Large,
    Opened,
    Upstream,
    ask,
    asking,
    larges,
    opened,
)
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.flows.house import House

    Small: TypeAlias = Callable[[], Awaitable[float]]
    """Something small that is done; returns the milliseconds that it took."""
    InProgress: TypeAlias = Large | Opened | OpenedInSlack

CLIENTS = 2
REST_SECONDS = 5
PAUSE_SECONDS = 0.01


@dataclass
class Waits:
    """The milliseconds that each small thing took, and what the large ones took."""

    small: list[float] = field(default_factory=list)
    large: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.small)

    @property
    def p99(self) -> float:
        return sorted(self.small)[int(len(self.small) * 0.99)]


async def measured(
    smalls: Sequence[Small], seconds: float, large: InProgress | None, http: aiohttp.ClientSession
) -> Waits:
    """Do each small thing again and again for that long, all side by side.

    Beside a large message there is one in progress all the time.
    """
    waits = Waits()
    until = time.perf_counter() + seconds

    async def do(small: Small) -> None:
        while time.perf_counter() < until:
            waits.small.append(await small())
            await asyncio.sleep(PAUSE_SECONDS)

    async def again_and_again(large: InProgress) -> None:
        while True:
            waits.large.append(await large.ask(http))

    async with asyncio.TaskGroup() as tasks:
        busy = tasks.create_task(again_and_again(large)) if large else None
        async with asyncio.TaskGroup() as doing:
            for small in smalls:
                doing.create_task(do(small))
        if busy is not None:
            # One that is in progress goes to its end: the next run begins quiet.
            busy.cancel()
            with suppress(asyncio.CancelledError):
                await busy
    return waits


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
        house.slack() as slack,
    ):
        requests = [partial(ask, http, asking("hello"))] * CLIENTS
        await measured(requests, 2, None, http)
        size = f"{options.megabytes:.0f} MB"
        talk = replace(page, name=f"conversation of {size}", url=f"{page.url}/conversation")
        all_of_them: list[InProgress] = [*sent, page, talk]
        if options.clicks:
            ines = await slack.user("ines")
            all_of_them.append(OpenedInSlack(f"/replay of {size} in Slack", ines, page.session_id))
        for large in all_of_them:
            if options.only not in large.name:
                continue
            if not options.clicks:
                await beside(house, http, requests, large, options, figures)
                continue
            async with clicker(house) as manager:
                await beside(house, http, [manager.click], large, options, figures)
            tell_acknowledged(manager, large, figures)
    server.close()


def tell_acknowledged(manager: Clicker, large: InProgress, figures: Figures) -> None:
    """Show and keep how soon clicks were acknowledged, beside something large and without."""
    figures.keep(f"{large.name}: a click was acknowledged after, ms", manager.acknowledged)
    print(f"  acknowledged after {_spread(manager.acknowledged)} ms", flush=True)


async def beside(
    house: House,
    http: aiohttp.ClientSession,
    smalls: Sequence[Small],
    large: InProgress,
    options: argparse.Namespace,
    figures: Figures,
) -> None:
    """Measure, show and keep what one large thing adds to small ones."""
    before = resident(house)
    await large.ask(http)
    added: list[tuple[float, float]] = []
    took: list[float] = []
    for _ in range(options.runs):
        quiet = await measured(smalls, options.seconds, None, http)
        busy = await measured(smalls, options.seconds, large, http)
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
        f" p99 (quiet {quiet.median:.0f} and {quiet.p99:.0f}; {len(busy.small)} in a"
        f" run; the large one took {statistics.median(took):.0f} ms);"
        f" memory {before / MB:.0f} MB before, {after / MB:.0f} after",
        flush=True,
    )


def resident(house: House) -> int:
    """Return the bytes of memory that the gateway holds."""
    pages = Path(f"/proc/{house.gateway.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _spread(figures: Sequence[float]) -> str:
    return f"{statistics.median(figures):.1f} [{min(figures):.1f} to {max(figures):.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megabytes", type=float, default=20, help="of the session on the page")
    parser.add_argument("--only", default="", help="what has this in its name")
    parser.add_argument("--clicks", action="store_true", help="measure clicks, not small requests")
    add_into(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        asyncio.run(_housed(Path(folder), options))


async def _housed(data: Path, options: argparse.Namespace) -> None:
    figures = Figures("clicks" if options.clicks else "neighbours", options)
    port = free_port()
    async with embedded_server(port, data / "mongodb", data / "mongodb.log"):
        # Without our own pace for Slack, which is twenty looks at a group a minute.
        settings = {"ABEYANCE_PORT": str(free_port()), "ABEYANCE_SLACK_POST_SECONDS": "0.01"}
        house = Housed(data, embedded_uri(port), settings=settings)
        try:
            # Processes are started and stopped without a loop of ours running.
            await asyncio.to_thread(house.open)
            await neighbours(house, options, figures)
            figures.save()
        finally:
            await asyncio.to_thread(house.close)


if __name__ == "__main__":
    main()
