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
from app.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_LOOK_SECONDS = 0.5
_STOP_SECONDS = 15.0
_MOST_LINES = 10
# What a process says in words before it ends, among the lines of its log.
_WORDS = ("abeyance: ", "sandbox: ")


class ChildDied(Unavailable):
    """One of the processes ended by itself, or hangs; the message says where its log is."""


@dataclass(frozen=True, slots=True)
class _Child:
    name: str
    process: asyncio.subprocess.Process
    log: Path
    log_began: int = 0
    """How long the log was when this process began to write to it."""

    def died(self) -> ChildDied:
        said = self._last_words()
        why = f": {said}" if said else "."
        return ChildDied(f"{self.name} {self._how()}{why}\nIts log is {self.log}")

    def _how(self) -> str:
        code = self.process.returncode
        if code is not None and code < 0:
            return f"was killed by signal {-code} ({signal.strsignal(-code)})"
        return f"ended with exit code {code}"

    def hangs(self) -> ChildDied:
        return ChildDied(f"{self.name} hangs at its start: it does nothing. Its log is {self.log}")

    def _last_words(self) -> str:
        """Return what the process said to people before it ended; empty where nothing."""
        written = self.log.read_bytes()[self.log_began :].decode(errors="replace")
        lines = written.splitlines()
        spoken = [at for at, line in enumerate(lines) if line.startswith(_WORDS)]
        if not spoken:
            return ""
        words = "\n".join(lines[spoken[-1] :][:_MOST_LINES])
        return words.partition(": ")[2].strip()


class Supervisor:
    """Children are stopped in the reverse order of their start: who is needed goes last."""

    def __init__(
        self,
        logs: Path,
        environment: Mapping[str, str],
        drain_seconds: float = 0.0,
        *,
        patience: float = 60.0,
    ) -> None:
        """A child has `drain_seconds` to end what it has in hand, and some more to end itself.

        One that does nothing for `patience` seconds of its start is taken to hang.
        """
        self._logs = logs
        self._stop_seconds = drain_seconds + _STOP_SECONDS
        self._environment = environment
        self._patience = patience
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

    async def start(
        self,
        name: str,
        command: list[str],
        settings: Mapping[str, str],
        folder: Path | None = None,
    ) -> str:
        """Start a process in a folder and return its first line, which says that it serves.

        It may take as long as it gets on. Raises ChildDied where it ends or hangs instead.
        """
        log = self._logs / f"{name}.log"
        log_began = log.stat().st_size if log.exists() else 0
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *dying_with_us(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**self._environment, **settings},
                cwd=folder,
                # Ctrl-C must reach only us: the order of the end is ours to keep.
                start_new_session=True,
            )
        child = _Child(name, process, log, log_began)
        self._children.append(child)
        line = await self._first_line(child)
        if not line:
            await process.wait()
            raise child.died()
        return line

    async def _first_line(self, child: _Child) -> str:
        if child.process.stdout is None:
            raise RuntimeError("the process was started without a pipe")
        pulse = Pulse(child.process.pid, child.log, self._patience)
        reading = asyncio.ensure_future(child.process.stdout.readline())
        try:
            while not (await asyncio.wait({reading}, timeout=_LOOK_SECONDS))[0]:
                if pulse.hangs():
                    raise child.hangs()
        finally:
            reading.cancel()
        return reading.result().decode().strip()

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


async def _guard(child: _Child) -> None:
    await child.process.wait()
    raise ChildDied(f"{child.died()}\nEverything else was stopped with it.")


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
