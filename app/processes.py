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


def end_within(seconds: float, code: int = 1) -> None:
    """End this process with an exit code unless it has ended by itself within `seconds`.

    From a thread: whatever hangs may hang the event loop. With code 0 all work is done, and only
    what is left open may be in the way.
    """
    timer = threading.Timer(seconds, _end, (seconds, code))
    timer.daemon = True
    timer.start()


def _end(seconds: float, code: int) -> None:
    log = _log.critical if code else _log.warning
    log("ended by force: the end took too long", seconds=seconds)
    os._exit(code)
