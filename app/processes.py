"""How processes end: children with their parent, and any of ours in time."""

from __future__ import annotations

import os
import shutil
import threading

import structlog

_log = structlog.get_logger(__name__)


def dying_with_us(command: list[str]) -> list[str]:
    """Return the command such that the kernel ends it when its parent dies, where it can.

    A child that is left alone would keep its port, and the next start would find it taken.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--", *command] if setpriv else command


def end_within(seconds: float) -> threading.Timer:
    """End this process with exit code 1 unless it has ended by itself within `seconds`.

    From a thread: whatever hangs may hang the event loop. Cancel the timer to take it back.
    """
    timer = threading.Timer(seconds, _end, (seconds,))
    timer.daemon = True
    timer.start()
    return timer


def _end(seconds: float) -> None:
    _log.critical("ended by force: the end took too long", seconds=seconds)
    os._exit(1)
