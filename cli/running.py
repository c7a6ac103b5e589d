"""Runs a part of the product until a signal stops it; tells its starter when it is up."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING

import uvloop

from app.errors import AbeyanceError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable


STOPPING = (signal.SIGINT, signal.SIGTERM)


def run_until_stopped(
    part: Callable[[asyncio.Event], Coroutine[None, None, None]],
    signals: Iterable[signal.Signals] = STOPPING,
) -> None:
    """Run `part` with an event that any of the signals sets.

    Raises the first AbeyanceError out of whatever group of tasks it died in.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_stoppable(part, signals))
        except BaseExceptionGroup as group:
            raise _first(group) from group


async def _stoppable(
    part: Callable[[asyncio.Event], Coroutine[None, None, None]],
    signals: Iterable[signal.Signals],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    await part(stop)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    known = group.subgroup(AbeyanceError)
    found: BaseException = known or group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


def announce(name: str, url: str) -> None:
    """Say on standard output, as one JSON line, that a part serves; logs go to standard error."""
    sys.stdout.write(json.dumps({name: {"url": url}}) + "\n")
    sys.stdout.flush()
