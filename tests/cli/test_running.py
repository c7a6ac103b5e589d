"""A process whose part has died ends within five seconds, also where its end hangs."""

from __future__ import annotations

import subprocess
import sys

from cli.processes import running

DYING = """
import asyncio, time
from app.parts import running
from cli.processes.running import serve_until_stopped

async def dies():
    raise ZeroDivisionError

async def part(stop, serving):
    serving("nowhere")
    async with running(stop, dies()):
        await stop.wait()
        await asyncio.sleep(0)  # its death is seen
        time.sleep(3600)

serve_until_stopped("gateway", part, seconds=3600)
"""


def test_a_process_ends_by_force_within_five_seconds_of_the_death_of_a_part() -> None:
    assert running.DYING_SECONDS < 5
    ended = subprocess.run(
        [sys.executable, "-c", DYING], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1
    said = ended.stdout + ended.stderr
    assert "dies" in said
    assert "ZeroDivisionError" in said
    assert f"seconds={running.DYING_SECONDS}" in said.replace("\x1b[35m", "").replace("\x1b[0m", "")
