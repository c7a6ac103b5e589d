"""What the C library is told about memory, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

_ARENAS = """
import ctypes, sys, threading
from proxy.work.memory import share_arenas

libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
if "shared" in sys.argv:
    share_arenas()
together = threading.Barrier(8)

def allocate():
    together.wait()
    libc.malloc(1000)
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


def _arenas(*options: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", _ARENAS, *options], capture_output=True, text=True, check=True
    )
    return ran.stdout.count("<heap nr=")


def test_all_threads_of_a_gateway_share_two_arenas() -> None:
    assert _arenas("shared") == 2
    assert _arenas() > 2
