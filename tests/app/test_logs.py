"""What a process writes to its log, read as an operator's machine reads it."""

from __future__ import annotations

import json
import subprocess
import sys

SECRET = "AKIAIOSFODNN7EXAMPLE"
PROGRAM = f"""
import asyncio, gc, logging, warnings
import structlog
from app.logs import set_up_logs

set_up_logs("INFO")
log = structlog.get_logger()

def break_down():
    try:
        int("{SECRET}")
    except ValueError as error:
        raise RuntimeError("it was {SECRET}") from error

async def forgotten():
    break_down()

async def main():
    task = asyncio.create_task(forgotten())
    await asyncio.wait([task])

for tell in (log.exception, logging.getLogger("some.library").exception):
    try:
        break_down()
    except RuntimeError:
        tell("it broke")
try:
    break_down()
except RuntimeError as error:
    held = error
log.error("told later", exc_info=held)
logging.getLogger("some.library").warning("odd line\\nwith {SECRET}")
logging.getLogger("some.library").info("not wanted")
asyncio.run(main())
gc.collect()
log.info("forged\\n\\x1b[31m\\u202e", reason='"}}\\n{{"event": "forged too"}}')
"""


def test_an_exception_is_told_by_kinds_and_places_and_every_line_is_an_object() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    assert SECRET.encode() not in run.stderr
    assert run.stderr.isascii()
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "it broke",
        "it broke",
        "told later",
        "odd line",
        "Task exception was never retrieved",
        "forged\n\x1b[31m\u202e",
    ]
    assert all(line["level"] and line["timestamp"] for line in lines)
    broken = [line for line in lines if "kind" in line]
    assert [line["kind"] for line in broken] == ["RuntimeError from ValueError"] * 4
    assert all(line["at"][-1].startswith("<string>:") for line in broken)
