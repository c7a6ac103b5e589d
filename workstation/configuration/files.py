"""Reading a file that others write too, and replacing it whole with its mode kept."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from app.errors import Unavailable
from workstation.configuration.faults import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_OWN_FILE, _OWN_FOLDER = 0o600, 0o700
_PUBLIC_FILE, _PUBLIC_FOLDER = 0o644, 0o755
# Without its own flag, Windows would write other line ends.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def read(path: Path) -> str | None:
    """Return a file's text with its own line ends; None where there is no file.

    Raises Unreadable where it is not UTF-8, Unavailable where it cannot be read.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise Unreadable("it is not UTF-8") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be read ({error}).") from error


def replace(path: Path, expected: str | None, text: str | None, *, public: bool = False) -> None:
    """Put a text in a file's place, or delete the file where the text is None.

    A new file is for its owner alone, or for every user to read. Raises Unavailable, also where
    the file is no longer as expected.
    """
    # A link, as people have who keep their settings in a repository, stays one.
    path = path.resolve()
    if read(path) != expected:
        raise Unavailable(f"{path} was changed meanwhile; run the command again.")
    try:
        if text is None:
            path.unlink(missing_ok=True)
        else:
            _write(path, text, _PUBLIC_FILE if public else _OWN_FILE)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written ({error}).") from error


def make_folders(path: Path, *, public: bool = False) -> list[Path]:
    """Make the folders around a file; return those that were made, outermost first.

    Raises Unavailable.
    """
    mode = _PUBLIC_FOLDER if public else _OWN_FOLDER
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=mode, exist_ok=True)
            folder.chmod(mode)  # whatever the umask says
    except OSError as error:
        raise Unavailable(f"No folder can be made for {path} ({error}).") from error
    return missing[::-1]


def remove_folders(folders: Iterable[Path]) -> None:
    """Remove those that are empty, the innermost first."""
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()


def _write(path: Path, text: str, mode: int) -> None:
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, _NEW, mode), "wb") as to:
            to.write(text.encode())
            to.flush()
            os.fsync(to.fileno())
        # The umask may have narrowed it.
        fresh.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else mode)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise
