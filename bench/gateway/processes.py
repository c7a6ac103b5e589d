"""How long processes and their children have worked, and how much memory they hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_MEGABYTE = 2**20


@dataclass(frozen=True)
class _Stat:
    pid: int
    parent: int
    ticks: int
    """With those of children that have ended."""
    resident: int
    """In pages."""


def seconds(root: int) -> float:
    """Return the CPU time of a process and of all below it."""
    return sum(stat.ticks for stat in _family(root)) / _TICKS


def resident(root: int) -> float:
    """Return the megabytes of a process and all below it; what they share counts for each."""
    return sum(stat.resident for stat in _family(root)) * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE


def _family(root: int) -> list[_Stat]:
    stats = [_stat(folder) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    known = {stat.pid: stat for stat in stats if stat is not None}
    family, below = [], [root]
    while below:
        pid = below.pop()
        family += [known[pid]] if pid in known else []
        below += [stat.pid for stat in known.values() if stat.parent == pid]
    return family


def _stat(folder: Path) -> _Stat | None:
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    ticks = sum(int(field) for field in fields[11:15])
    return _Stat(int(folder.name), int(fields[1]), ticks, int(fields[21]))
