"""What workers are asked to do in tests. They import it by its name."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from app.errors import Reason, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from policies.compiled_catalog import Catalog


def process(_catalog: Catalog) -> int:
    return os.getpid()


def modules(_catalog: Catalog) -> tuple[int, frozenset[str]]:
    return os.getpid(), frozenset(sys.modules)


def revision(catalog: Catalog) -> tuple[int, str]:
    return os.getpid(), catalog.revision


def environment(_catalog: Catalog) -> dict[str, str]:
    return dict(os.environ)


def grow(size: int, _catalog: Catalog) -> int:
    """Keep so many bytes for good."""
    _KEPT.append(b"x" * size)
    return os.getpid()


def die(_catalog: Catalog) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(_catalog: Catalog) -> None:
    raise Refused(Reason.POLICY_DENIED, "no", rule="r")


def surprise(_catalog: Catalog) -> None:
    raise ValueError("what a caller said")


def wait_for(path: Path, _catalog: Catalog) -> int:
    while not path.exists():
        time.sleep(0.01)
    return os.getpid()


_KEPT: list[bytes] = []


def tell_and_wait(told: Path, go: Path, catalog: Catalog) -> int:
    """Write which process this is to a pipe, and then wait as `wait_for` does."""
    told.write_text(str(os.getpid()))
    return wait_for(go, catalog)
