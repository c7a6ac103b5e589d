"""What a request costs in gateway and database: CPU of each process, and how soon it is answered.

    python -m bench.writes --requests 600 --runs 3

A whole house with the shipped catalog and the embedded server, the token checked, all recorded.
The sandbox's model answers at once. Figures are medians of the runs, with their range.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.storage.embedded import embedded_command, embedded_uri
from tests.conftest import free_port, wait_until_accepting
from tests.flows.house import House, open_house

if TYPE_CHECKING:
    import httpx

CHAT = "/openai/v1/chat/completions"
CLIENTS = 32
ALONE = 150
TICKS = os.sysconf("SC_CLK_TCK")
WORDS = "Please explain what this function does and how to test it. " * 30


@dataclass
class Figures:
    gateway_ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def ask(http: httpx.AsyncClient, number: int, *, stream: bool) -> float:
    """Return the milliseconds until the last byte was here."""
    messages = [{"role": "user", "content": f"{number} {WORDS}"}]
    body = {"model": "sandbox-1", "messages": messages, "stream": stream}
    began = time.perf_counter()
    answer = await http.post(CHAT, json=body)
    answer.raise_for_status()
    return (time.perf_counter() - began) * 1000


async def load(http: httpx.AsyncClient, requests: int, clients: int, *, stream: bool) -> None:
    numbers = iter(range(requests))

    async def client() -> None:
        for number in numbers:
            await ask(http, number, stream=stream)

    await asyncio.gather(*(client() for _ in range(clients)))


async def measure(
    http: httpx.AsyncClient, gateway: int, database: int, requests: int, *, stream: bool
) -> tuple[float, float, float]:
    """Return the CPU milliseconds of gateway and database for each request, and the rate."""
    before, began = (cpu_seconds(gateway), cpu_seconds(database)), time.perf_counter()
    await load(http, requests, CLIENTS, stream=stream)
    took = time.perf_counter() - began
    await asyncio.sleep(1)  # What is written after the last byte counts too.
    spent = (cpu_seconds(gateway) - before[0], cpu_seconds(database) - before[1])
    return spent[0] * 1000 / requests, spent[1] * 1000 / requests, requests / took


async def run(options: argparse.Namespace, house: House, database: int) -> dict[bool, Figures]:
    gateway, figures = house.gateway.process.pid, {False: Figures(), True: Figures()}
    async with house.idp() as idp, house.http(await idp.token("alice")) as http:
        for _ in range(options.runs):
            for stream, kept in figures.items():
                await load(http, 50, 8, stream=stream)
                spent = await measure(http, gateway, database, options.requests, stream=stream)
                kept.gateway_ms.append(spent[0])
                kept.database_ms.append(spent[1])
                kept.rate.append(spent[2])
                alone = sorted([await ask(http, n, stream=stream) for n in range(ALONE)])
                kept.p50.append(statistics.median(alone))
                kept.p99.append(alone[ALONE * 99 // 100])
    return figures


def show(figures: dict[bool, Figures]) -> None:
    for stream, kept in figures.items():
        print("streamed" if stream else "whole")
        for name, values in vars(kept).items():
            print(
                f"  {name:12} {statistics.median(values):7.1f} "
                f"[{min(values):.1f}-{max(values):.1f}]"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--runs", type=int, default=3)
    options, port = parser.parse_args(), free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = Path(folder)
        with subprocess.Popen(
            embedded_command(port, data / "mongodb"), stderr=subprocess.DEVNULL
        ) as server:
            wait_until_accepting(port, server)
            with open_house(data, embedded_uri(port)) as house:
                show(asyncio.run(run(options, house, server.pid)))
            server.terminate()


if __name__ == "__main__":
    main()
