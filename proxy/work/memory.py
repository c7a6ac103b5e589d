"""How much memory a process holds, and how it gives some back."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_ARENA_MAX = -8  # as glibc's malloc.h names it
_ARENAS = 2


def resident(process: str | int = "self") -> int:
    """Return the bytes of memory that a process holds; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def share_arenas() -> None:
    """Let all threads allocate from two arenas.

    glibc gives each thread one of its own, up to eight for each core, and what was freed in one
    serves no other: after a burst of large messages a gateway would keep most of their memory.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_ARENA_MAX, _ARENAS)


def trim() -> None:
    """Return freed memory to the system, which the C library would keep."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:  # glibc has it
        give_back(0)
