"""Small files that only their owner may read, replaced whole, and a lock between processes."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from app.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def read_private(path: Path) -> str:
    """Return what a file holds; empty where there is none. Raises Unavailable."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"{path} cannot be read ({error}); delete it and try again.") from error


def write_private(path: Path, text: str) -> None:
    """Put a file with mode 0600 in the place of whatever is there. Raises Unavailable."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        _make_folder(path.parent)
        # The mode counts from the first byte on: a chmod afterwards would come too late.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise Unavailable(f"{path} cannot be written ({error}).") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep out other processes and threads that lock the same file. Raises Unavailable."""
    try:
        _make_folder(path.parent)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unavailable(f"{path} cannot be locked ({error}).") from error
    try:
        _lock(file)
        # Closing the file ends the lock, also where the process dies.
        yield
    finally:
        os.close(file)


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


if sys.platform == "win32":

    def _lock(file: int) -> None:
        while True:
            with suppress(OSError):  # it gives up after ten seconds
                msvcrt.locking(file, msvcrt.LK_LOCK, 1)
                return

else:

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)
