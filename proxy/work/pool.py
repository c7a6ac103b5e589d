"""Chooses where the work on a message is done: what is large does not keep what is small waiting.

Small work is done on the event loop, since handing it over would take longer. What is less small is
done in a thread (`threads`), what is large in another process (`process`): threads share one
interpreter, which a single long call into C does not let go of.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from app.errors import Fault, WorkerLost
from proxy.work import process
from proxy.work.familiar import FamiliarBodies
from proxy.work.process import Reply, Surprise, WorkerCall
from proxy.work.threads import LARGE_BYTES, Threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policies.compiled_catalog import Catalog
    from policies.matching.known import Known

WORKERS = max(2, min(4, os.cpu_count() or 2))
"""How many large messages are worked on at a time; the others wait."""
_LENT = 4
"""How many streams may have a worker of their own at a time."""
_UNASKED_SECONDS = 30.0
"""A gateway that has run for so long has a template, whether it was wanted yet or not."""
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 10.0
"""Between one template and the next, where it does not last."""
_READ_BYTES = 256 * 1024
_START = f"from {process.__name__} import main; main()"
_log = structlog.get_logger(__name__)
_Result = TypeVar("_Result")


class Pool:
    """Made once for a process and closed by its owner; `run` must be a task of the process."""

    def __init__(self, directory: Path, current: Callable[[], Catalog]) -> None:
        """`current` gives the catalog in force, which was read from the directory."""
        self.threads = Threads()
        self.familiar = FamiliarBodies()
        self._directory = directory
        self._current = current
        self._template: Template | None = None
        self._loaded: Catalog | None = None
        """The catalog that was in force when the template was last asked to load it."""
        self._wanted = asyncio.Event()
        self._slots = asyncio.Semaphore(WORKERS)
        self._lent = 0
        self._idle: list[Worker] = []

    async def do(
        self, size: int, work: Callable[[Catalog], _Result], catalog: Catalog | None = None
    ) -> _Result:
        """Return what `work` makes of the catalog (by default the one in force).

        `size` is of the message, in bytes. Whatever takes part in work on a large one must be made
        of what can be pickled, and small, but for the message. Raises what `work` raises,
        WorkerLost where the process that did it has ended, Fault where it raises what it should
        not.
        """
        catalog = catalog or self._current()
        if size >= LARGE_BYTES:
            self._wanted.set()
            self.threads.tidy()
            async with self._slots:
                worker = self._idle_worker(catalog) or self._new_worker(catalog)
                if worker is not None:
                    return await self._done_by(worker, work)
        return await self.threads.do(size, lambda: work(catalog))

    async def warm(self, size: int, known: Known) -> None:
        """Prepare to look for the values that were masked in a message, where there are any."""
        if known.labels:
            await self.threads.do(size, known.warm)

    async def _done_by(self, worker: Worker, work: Callable[[Catalog], _Result]) -> _Result:
        try:
            return await worker.call(work)
        finally:
            if worker.usable:
                self._idle.append(worker)
            else:
                worker.close()

    def lend(self, catalog: Catalog) -> Worker | None:
        """Give a worker to a message that comes in pieces; None where none can be had now."""
        self._wanted.set()
        worker = self._new_worker(catalog) if self._lent < _LENT else None
        self._lent += worker is not None
        return worker

    def take_back(self, worker: Worker) -> None:
        """End a worker that was lent."""
        self._lent -= 1
        worker.close()

    def _idle_worker(self, catalog: Catalog) -> Worker | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.revision == catalog.revision and worker.alive:
                return worker
            worker.close()
        return None

    def _new_worker(self, catalog: Catalog) -> Worker | None:
        template = self._template
        if template is None or template.revision != catalog.revision:
            return None
        return template.fork()

    async def run(self) -> None:
        """Keep a template at hand that has the catalog in force."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_UNASKED_SECONDS):
                await self._wanted.wait()
        while True:
            seconds = await self.tend()
            await asyncio.sleep(seconds)

    async def tend(self) -> float:
        """Have a template that has the catalog in force; return the seconds until the next look."""
        catalog = self._current()
        try:
            if self._template is None or not self._template.alive:
                await self._begin(catalog)
            elif catalog is not self._loaded and self._template.revision != catalog.revision:
                self._loaded = catalog
                await self._template.load()
        except (OSError, EOFError) as error:
            _log.warning("no process for large messages", kind=type(error).__name__)
            return _AGAIN_SECONDS
        return _LOOK_SECONDS

    async def _begin(self, catalog: Catalog) -> None:
        if self._template is not None:
            self._template.close()
            self._template = None
        template = Template(self._directory)
        try:
            await template.loaded()
        except BaseException:
            template.close()
            raise
        self._template, self._loaded = template, catalog

    def close(self) -> None:
        """End all processes, whatever they are doing."""
        for worker in self._idle:
            worker.close()
        if self._template is not None:
            self._template.close()
        self.threads.close()


class Template:
    """The process that workers are forked from. Raises OSError where it cannot be started."""

    def __init__(self, directory: Path) -> None:
        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)
        self.revision = ""
        """Of the catalog that it has loaded; empty while it has none."""
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno()), str(directory)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Nothing else: the environment holds our secrets.
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    async def load(self) -> None:
        """Have it read the catalog again. Raises OSError, EOFError where it has ended."""
        self.revision = ""
        await asyncio.get_running_loop().sock_sendall(self._control, process.LOAD)
        await self.loaded()

    async def loaded(self) -> None:
        """Wait until it has loaded a catalog."""
        told = await _received(self._control, process.REVISION_BYTES)
        self.revision = told.decode().strip()

    def fork(self) -> Worker | None:
        """Return a new worker; None where this process has ended."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                socket.send_fds(self._control, [process.FORK], [theirs.fileno()])
            except OSError:
                ours.close()
                return None
        return Worker(ours, self.revision)

    def close(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()


class Worker:
    """The gateway's end of a worker. It ends with this end."""

    def __init__(self, channel: socket.socket, revision: str) -> None:
        self._channel = channel
        self.revision = revision
        self.usable = True
        """Whether it can take another call: not in the middle of one, nor once it has ended."""

    @property
    def alive(self) -> bool:
        """Whether an idle worker is still there: it says nothing unasked, until it ends."""
        try:
            return bool(self._channel.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    async def call(self, work: Callable[[Any], _Result], *, stays: bool = False) -> _Result:
        """Have it do the work. Raises as `Pool.do` does."""
        self.usable = False
        try:
            await self._send(pickle.dumps(WorkerCall(work, stays), pickle.HIGHEST_PROTOCOL))
            reply: Reply = pickle.loads(await self._receive())  # noqa: S301 - from our own process
        except (OSError, EOFError):
            _log.error("a process ended that worked on a large message")
            raise WorkerLost from None
        self.usable = not reply.leaves
        if isinstance(reply.error, Surprise):
            _log.error("unexpected", kind=reply.error.kind, at=reply.error.place)
            raise Fault("Something went wrong in the gateway, not in your request.")
        if reply.error is not None:
            raise reply.error
        result: _Result = reply.value
        return result

    async def _send(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._channel, process.HEAD.pack(len(data)))
        await loop.sock_sendall(self._channel, data)

    async def _receive(self) -> bytearray:
        (size,) = process.HEAD.unpack(await _received(self._channel, process.HEAD.size))
        return await _received(self._channel, size)

    def close(self) -> None:
        self._channel.close()


async def _received(channel: socket.socket, size: int) -> bytearray:
    """Return so many bytes. Raises EOFError where they do not come."""
    loop, data = asyncio.get_running_loop(), bytearray(size)
    room = memoryview(data)
    while room:
        count = await loop.sock_recv_into(channel, room[:_READ_BYTES])
        if not count:
            raise EOFError
        room = room[count:]
    return data
