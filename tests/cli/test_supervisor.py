"""Processes that start slowly, hang, or say why they end."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from cli.processes.supervisor import ChildDied, Supervisor

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 0.6
BUSY = """
import time
until = time.process_time() + {seconds}
while time.process_time() < until:
    pass
print("serving", flush=True)
time.sleep(60)
"""
LOGGING = """
import sys, time
for _ in range(20):
    time.sleep(0.1)
    print("still reading", file=sys.stderr, flush=True)
print("serving", flush=True)
time.sleep(60)
"""
IDLE = "import time; time.sleep(60)"
DYING = """
import sys
print('{"event": "abeyance is not here"}', file=sys.stderr)
print("abeyance: missing A", "missing B", sep=chr(10), file=sys.stderr)
sys.exit(2)
"""


def program(source: str) -> list[str]:
    return [sys.executable, "-c", source]


@pytest.mark.parametrize("source", [BUSY.format(seconds=2), LOGGING], ids=["busy", "logging"])
async def test_a_start_may_take_as_long_as_it_gets_on(tmp_path: Path, source: str) -> None:
    async with Supervisor(tmp_path, os.environ, patience=PATIENCE) as family:
        assert await family.start("slow", program(source), {}) == "serving"


async def test_a_start_that_does_nothing_is_told_in_a_sentence_with_its_log(
    tmp_path: Path,
) -> None:
    async with Supervisor(tmp_path, os.environ, patience=PATIENCE) as family:
        with pytest.raises(ChildDied) as hangs:
            await family.start("idle", program(IDLE), {})
    assert "idle hangs at its start" in str(hangs.value)
    assert str(tmp_path / "idle.log") in str(hangs.value)


async def test_what_a_process_said_to_people_is_repeated_and_nothing_of_an_earlier_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "dying.log").write_text("abeyance: something old\n")
    async with Supervisor(tmp_path, os.environ) as family:
        with pytest.raises(ChildDied) as died:
            await family.start("dying", program(DYING), {})
        with pytest.raises(ChildDied) as silent:
            await family.start("silent", program("raise SystemExit(3)"), {})
    log = tmp_path / "dying.log"
    said = f"dying ended with exit code 2: missing A\nmissing B\nIts log is {log}"
    assert str(died.value) == said
    assert str(silent.value).startswith("silent ended with exit code 3.\nIts log is")


async def test_a_process_that_was_killed_is_told_as_such(tmp_path: Path) -> None:
    killed = "import os; print('serving', flush=True); os.kill(os.getpid(), 9)"
    async with Supervisor(tmp_path, os.environ) as family:
        assert await family.start("bot", program(killed), {}) == "serving"
        with pytest.raises(ExceptionGroup) as died:
            await family.wait(asyncio.Event())
    [error] = died.value.exceptions
    assert isinstance(error, ChildDied)
    assert "killed by signal 9" in str(error)
    assert "Everything else was stopped" in str(error)
