"""The tasks that a process cannot do without: when one of them ends, so does the process.

A part that dies sets the process's `stop` event, so that everything ends in its usual order. That
order may need the very part that died, so whoever started the process limits how long it takes
(`cli/processes/running.py`).
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from app.errors import AbeyanceError, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

_CLOSING_SECONDS = 2.0
_log = structlog.get_logger(__name__)


class Watch:
    """Runs parts that are to run for ever, and keeps what the first one died of."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self.death: AbeyanceError | None = None

    async def over(self, part: Coroutine[None, None, None]) -> None:
        name = getattr(part, "__qualname__", "a part")
        try:
            await part
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Something within was cancelled, not the part: its group would take that for an end.
            _log.critical("a part died: the process ends", part=name, reason="CancelledError")
            self._end(Fault(f"{name} died of a cancelled task."))
        except Exception as error:  # noqa: BLE001 - whatever it died of, the process ends
            cause = cause_of(error)
            ours = cause if isinstance(cause, AbeyanceError) else None
            # The words of other errors may quote what no log may hold.
            reason = str(ours) if ours else type(cause).__name__
            _log.critical("a part died: the process ends", part=name, reason=reason, exc_info=cause)
            self._end(ours or Fault(f"{name} died of {reason}; the log says where."))
        else:
            _log.critical("a part ended by itself: the process ends", part=name)
            self._end(Fault(f"{name} ended by itself."))

    def _end(self, death: AbeyanceError) -> None:
        self.death = self.death or death
        self._stop.set()


@asynccontextmanager
async def running(stop: asyncio.Event, *parts: Coroutine[None, None, None]) -> AsyncIterator[Watch]:
    """Run parts beside the block, which has to end soon after `stop` is set; then cancel them.

    Raises what the first part died of.
    """
    watch = Watch(stop)
    watched = [asyncio.ensure_future(watch.over(part)) for part in parts]
    try:
        yield watch
    finally:
        for task in watched:
            task.cancel()
        # Not for ever: a change stream closes only when the database lets it.
        await asyncio.wait(watched, timeout=_CLOSING_SECONDS)
    if watch.death is not None:
        raise watch.death


def cause_of(error: BaseException) -> BaseException:
    """Return what a group of tasks died of: an error of ours, if there is one among them."""
    while isinstance(error, BaseExceptionGroup):
        ours = error.subgroup(AbeyanceError)
        error = (ours or error).exceptions[0]
    return error
