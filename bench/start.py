"""What a start of the gateway and the bot costs, and how large they are then.

    python -m bench.start --runs 5

From exec until the process announces that it serves: CPU seconds of user and system, and resident
memory. The first run also fills what is kept from one start to the next, so it is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from app.storage.embedded import embedded_server, embedded_uri
from tests.conftest import free_port
from tests.flows.house import House

if TYPE_CHECKING:
    from tests.flows.house import Process

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident(pid: int) -> float:
    """Return the megabytes that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20


def help_cpu() -> float:
    """Return the CPU seconds of `abeyance --help`."""
    before = os.times()
    subprocess.run([sys.executable, "-m", "cli", "--help"], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - sum(before[2:4])


def _starts(house: House, runs: int) -> None:
    house.open()
    figures: dict[str, list[float]] = {}

    def note(process: Process) -> None:
        pid = process.process.pid
        figures.setdefault(f"{process.name}, CPU s", []).append(cpu(pid))
        figures.setdefault(f"{process.name}, MB", []).append(resident(pid))

    for _ in range(runs):
        for process in (house.gateway, house.bot):
            process.stop()
        house.gateway = house.start_gateway()
        note(house.gateway)
        house.bot = house.start_bot()
        note(house.bot)
        figures.setdefault("abeyance --help, CPU s", []).append(help_cpu())
    house.close()
    for name, values in figures.items():
        spread = f"[{min(values):.2f}-{max(values):.2f}]"
        print(f"{name:<24}{statistics.median(values):8.2f} {spread}")


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder), free_port()
        async with embedded_server(port, data / "mongodb", data / "mongodb.log"):
            await asyncio.to_thread(_starts, House(data, embedded_uri(port)), runs)


if __name__ == "__main__":
    asyncio.run(main())
