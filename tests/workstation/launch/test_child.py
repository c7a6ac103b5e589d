"""A program in the foreground: what is done to us and to it, in a process of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.clients.agents import ROOT
from tests.clients.terminals import at_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARENT = """
import sys
from workstation.launch.child import Child, signals_for
children = []
with signals_for(children):
    children.append(Child([sys.executable, "-c", sys.argv[1]], {}))
    code = children[0].wait()
sys.exit(code)
"""
HEARS = """
import os, signal, sys, time
def heard(number, _):
    os.write(1, b"heard %d\\n" % number)
    sys.exit(5)
signal.signal(signal.{name}, heard)
os.write(1, b"ready\\n")
while True:
    time.sleep(60)
"""
STOPS = """
import os, signal
print("ready", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
print("goes on", flush=True)
"""


@contextmanager
def parent_of(script: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PARENT, script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize(
    ("script", "code"),
    [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)],
)
def test_its_exit_code_is_ours(script: str, code: int) -> None:
    with parent_of(script) as process:
        assert process.wait() == code


def test_a_signal_that_comes_to_us_is_passed_on() -> None:
    with parent_of(HEARS.format(name="SIGTERM")) as process:
        assert line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert line(process) == f"heard {signal.SIGTERM.value}"
        assert process.wait() == 5


async def test_ctrl_c_is_for_the_program_alone(tmp_path: Path) -> None:
    # A shell of its own, so that the terminal is the one that sends signals.
    told = f"setsid --ctty --wait {sys.executable} -c '{PARENT}' \"$SCRIPT\"; echo code $?"
    env = {**os.environ, "SCRIPT": HEARS.format(name="SIGINT"), "PYTHONPATH": str(ROOT)}
    async with at_terminal(["/bin/sh", "-c", told], tmp_path, env) as terminal:
        await terminal.wait_for("ready")
        terminal.type("\x03")
        await terminal.wait_for(f"heard {signal.SIGINT.value} code 5")


async def test_where_the_program_stops_we_stop_with_it() -> None:
    with parent_of(STOPS) as process:
        assert await asyncio.to_thread(line, process) == "ready"
        _, status = await asyncio.to_thread(os.waitpid, process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        process.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(line, process) == "goes on"
        assert process.wait() == 0
