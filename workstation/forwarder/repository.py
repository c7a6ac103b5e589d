"""In which repository, at which commit and on which branch somebody works, as git tells it."""

from __future__ import annotations

import subprocess
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from workstation.origin import repository_of, sayable

if TYPE_CHECKING:
    from pathlib import Path

    from workstation.forwarder.requests import Headers

_GIT_SECONDS = 5.0
_GOOD_FOR_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """`repository` is such as `owner/name`, without host and credentials."""

    repository: str = ""
    commit: str = ""
    branch: str = ""

    @property
    def headers(self) -> Headers:
        """Return what the gateway is told."""
        said = sayable(asdict(self))
        return tuple((f"abeyance-{name}", _encoded(value)) for name, value in said.items())


class WorkingFolder:
    """A folder, of which git is asked now and then. Use it from one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place = Place()
        self._until = 0.0

    def place(self) -> Place:
        """Return where it is; nothing where it is no repository. Blocks for a moment."""
        if time.monotonic() >= self._until:
            self._place = place_of(self._folder)
            self._until = time.monotonic() + _GOOD_FOR_SECONDS
        return self._place


def place_of(folder: Path) -> Place:
    """Ask git. What it does not say is empty."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    if not top:
        return Place()
    remote = _git(folder, "config", "--get", "remote.origin.url")
    name = top.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return Place(
        repository=repository_of(remote) or name,
        commit=_git(folder, "rev-parse", "--verify", "--quiet", "HEAD"),
        branch=_git(folder, "symbolic-ref", "--quiet", "--short", "HEAD"),
    )


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


def _encoded(value: str) -> str:
    """Return a value for a header, which has ASCII alone (RFC 8187 §3.2)."""
    plain = value.isascii() and value.isprintable()
    return value if plain else f"UTF-8''{quote(value, safe='')}"
