"""How soon a browser has a page of a large session: the whole request, over a socket.

Beside the time that passed stands the time of processors that the gateway and its workers took: on
a machine with other work to do, it tells more.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proxy.linking import Browser

if TYPE_CHECKING:
    from tests.flows.house import House

PERSON = "alice"
"""Who looks, at a session of their own."""


async def page_times(house: House, session_id: str, runs: int) -> dict[str, list[float]]:
    """Return the milliseconds that each page took, and of processors, by name."""
    gateway = house.gateway.process.pid
    root = f"{house.url}/-/replay/{session_id}"
    found: dict[str, list[float]] = {}
    async with Browser() as browser:
        choice = await browser.get(root)
        first = await browser.post(choice.url, data={"person": PERSON})
        if first.status_code != 200 or session_id not in first.text:
            raise RuntimeError(f"the page is not shown: {first.status_code}")
        paths = {
            "first page": "",
            "middle page": "?page=20",
            "last page": "?page=999999",
            "conversation": "/conversation",
        }
        for _ in range(runs):
            for name, path in paths.items():
                began, spent = time.perf_counter(), cpu_ms(gateway)
                answer = await browser.get(f"{root}{path}")
                found.setdefault(f"{name}, ms", []).append((time.perf_counter() - began) * 1000)
                found.setdefault(f"{name}, CPU ms", []).append(cpu_ms(gateway) - spent)
                answer.raise_for_status()
    return found


def cpu_ms(process: int) -> float:
    """Return the milliseconds that a process and all below it that run have spent."""
    parents, spent = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        one = int(stat.parent.name)
        parents[one], spent[one] = int(words[1]), int(words[11]) + int(words[12])
    family = {process}
    while more := {one for one, parent in parents.items() if parent in family} - family:
        family |= more
    ticks = sum(spent.get(one, 0) for one in family)
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")
