"""Runs a part of the product until a signal stops it; tells its starter when it is up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import uvloop

from app.parts import cause_of
from app.processes import end_within

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from types import FrameType


Part: TypeAlias = "Callable[[asyncio.Event], Coroutine[None, None, None]]"
Announce: TypeAlias = "Callable[[str], None]"
DYING_SECONDS = 4.5
_CLOSING_SECONDS = 2.0
STOPPING = (signal.SIGINT, signal.SIGTERM)


def run_until_stopped(part: Part, signals: Iterable[signal.Signals] = STOPPING) -> None:
    """Run `part` with an event that any of the signals sets.

    Raises the first AbeyanceError out of whatever group of tasks it died in.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_stoppable(part, signals))
        except BaseExceptionGroup as group:
            raise cause_of(group) from group


async def _stoppable(part: Part, signals: Iterable[signal.Signals]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    await part(stop)


def serve_until_stopped(
    name: str,
    part: Callable[[asyncio.Event, Announce], Coroutine[None, None, None]],
    seconds: float,
) -> None:
    """Run a process of production: `part` is given its `stop` and whom it tells when it serves.

    A signal before that ends it at once; later it sets `stop`. Then the process ends within
    `seconds`, by force if need be; sooner where `stop` is set from inside, since a part has died.
    Raises as `run_until_stopped` does.
    """

    async def stoppable(stop: asyncio.Event) -> None:
        ending = _Ending(stop, asyncio.get_running_loop(), seconds)
        for number in STOPPING:
            # Not the loop's own handlers: a loop that hangs would never call them.
            signal.signal(number, ending.begin)

        def serving(url: str) -> None:
            ending.serving = True
            announce(name, url)

        async with asyncio.TaskGroup() as tasks:
            limit = tasks.create_task(ending.limit())
            await part(stop, serving)
            limit.cancel()
        # All work is done. A database that does not answer cannot be closed, which is no fault.
        end_within(_CLOSING_SECONDS, code=0)

    run_until_stopped(stoppable, signals=())


@dataclass(slots=True)
class _Ending:
    """What a signal does to a process of production."""

    stop: asyncio.Event
    loop: asyncio.AbstractEventLoop
    seconds: float
    serving: bool = False
    signalled: bool = False

    async def limit(self) -> None:
        """See that the process ends soon when a part of it has died."""
        await self.stop.wait()
        if not self.signalled:
            end_within(DYING_SECONDS)

    def begin(self, number: int, _frame: FrameType | None) -> None:
        if not self.serving:
            os._exit(128 + number)
        self.signalled = True
        self.loop.call_soon_threadsafe(self.stop.set)
        end_within(self.seconds)


def announce(name: str, url: str) -> None:
    """Say on standard output, as one JSON line, that a part serves; logs go to standard error."""
    sys.stdout.write(json.dumps({name: {"url": url}}) + "\n")
    sys.stdout.flush()
