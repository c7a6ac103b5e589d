"""How long processes and their children have worked."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds(root: int) -> float:
    """Return the CPU time of a process and of all below it."""
    stats = [_stat(folder) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    known = {stat[0]: stat for stat in stats if stat is not None}
    total, below = 0, [root]
    while below:
        pid = below.pop()
        total += known[pid][2] if pid in known else 0
        below += [child for child, stat in known.items() if stat[1] == pid]
    return total / _TICKS


def _stat(folder: Path) -> tuple[int, int, int] | None:
    """Return a process, its parent, and its ticks with those of children that have ended."""
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(folder.name), int(fields[1]), sum(int(field) for field in fields[11:15])
