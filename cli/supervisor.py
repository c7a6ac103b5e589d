"""Starts processes that belong together, and ends them together."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.errors import Unavailable
from app.processes import dying_with_us

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_LAST_LINES = 15


class ChildDied(Unavailable):
    """One of the processes ended by itself; the message has its last words."""


@dataclass(frozen=True, slots=True)
class _Child:
    name: str
    process: asyncio.subprocess.Process
    log: Path

    def died(self) -> ChildDied:
        lines = self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        last_words = "\n".join(f"  {line}" for line in lines)
        code = self.process.returncode
        return ChildDied(f"{self.name} ended with exit code {code}. Its last words:\n{last_words}")


class Supervisor:
    """Children are stopped in the reverse order of their start: who is needed goes last."""

    def __init__(
        self, logs: Path, environment: Mapping[str, str], drain_seconds: float = 0.0
    ) -> None:
        """A child has `drain_seconds` to end what it has in hand, and some more to end itself."""
        self._logs = logs
        self._stop_seconds = drain_seconds + _STOP_SECONDS
        self._environment = environment
        self._children: list[_Child] = []
        self._adopted: list[_Child] = []

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._logs.mkdir, parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for child in reversed(self._children):
            await _stop(child.process, self._stop_seconds)

    async def start(self, name: str, command: list[str], settings: Mapping[str, str]) -> str:
        """Start a process and return the first line that it prints: it says that it serves.

        Raises ChildDied where it ends instead.
        """
        log = self._logs / f"{name}.log"
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *dying_with_us(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**self._environment, **settings},
                # Ctrl-C must reach only us: the order of the end is ours to keep.
                start_new_session=True,
            )
        child = _Child(name, process, log)
        self._children.append(child)
        async with asyncio.timeout(_START_SECONDS):
            line = await _first_line(process)
        if not line:
            await process.wait()
            raise child.died()
        return line

    def adopt(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        """Watch over a process that somebody else started, and will stop."""
        self._adopted.append(_Child(name, process, log))

    async def wait(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set. Raises ChildDied as soon as any process ends by itself."""
        async with asyncio.TaskGroup() as tasks:
            watched = (*self._adopted, *self._children)
            watchers = [tasks.create_task(_guard(child)) for child in watched]
            await stop.wait()
            for watcher in watchers:
                watcher.cancel()


async def _first_line(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None:
        raise RuntimeError("the process was started without a pipe")
    return (await process.stdout.readline()).decode().strip()


async def _guard(child: _Child) -> None:
    await child.process.wait()
    raise child.died()


async def _stop(process: asyncio.subprocess.Process, seconds: float) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
