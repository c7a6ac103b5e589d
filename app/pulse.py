"""Whether a process that starts gets on."""

from __future__ import annotations

import time
from pathlib import Path

# Fields of /proc/PID/stat after the name: user and system time, own and of children that ended.
_TIMES = slice(11, 15)


class Pulse:
    """Whether a process gets on: it uses the processor, or writes to its log.

    A busy machine may take minutes for a start, and that is no fault; one that does nothing for
    `patience` seconds hangs.
    """

    def __init__(self, pid: int, log: Path, patience: float = 60.0) -> None:
        self._stat = Path(f"/proc/{pid}/stat")
        self._log = log
        self._patience = patience
        self._seen = self._look()
        self._since = time.monotonic()

    def hangs(self) -> bool:
        """Look at the process, as is to be done every second or so."""
        seen, now = self._look(), time.monotonic()
        if seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since > self._patience

    def _look(self) -> tuple[list[str], int]:
        try:
            times = self._stat.read_text().rpartition(")")[2].split()[_TIMES]
        except OSError:
            times = []
        return times, self._log.stat().st_size if self._log.exists() else 0
