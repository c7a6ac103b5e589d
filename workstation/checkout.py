"""In which repository, at which commit and on which branch somebody works.

Git's own files say it, since starting git takes too long for a hook. Only where its references are
in another format, git is asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from workstation.origin import repository_of, sayable

if TYPE_CHECKING:
    from pathlib import Path

_ORIGIN = r'^\[remote "origin"\]$(?:\n(?!\[).*)*?\n\s*url\s*=\s*(\S+)'
_REMOTE = re.compile(_ORIGIN, re.MULTILINE)
_ELSEWHERE = "ref: refs/heads/.invalid"
"""What git writes into HEAD where it keeps references in a table (git-init, `--ref-format`)."""
_GIT_SECONDS = 5.0


class Checkout(NamedTuple):
    """`repository` is such as `owner/name`, without host and credentials. All is as claimed."""

    repository: str = ""
    commit: str = ""
    branch: str = ""

    @property
    def claims(self) -> dict[str, str]:
        """Return what the gateway takes of it."""
        return sayable(self._asdict())

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return tuple((f"abeyance-{name}", _encoded(said)) for name, said in self.claims.items())


def checkout_of(folder: Path) -> Checkout:
    """Read where a folder is. What cannot be known is empty. May block for a moment."""
    try:
        return _read(folder.absolute())
    except (OSError, UnicodeDecodeError):
        return Checkout()


def _read(folder: Path) -> Checkout:
    top = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
    if top is None:
        return Checkout()
    git = top / ".git"
    if git.is_file():  # of a worktree or a submodule
        git = top / git.read_text().removeprefix("gitdir:").strip()
    common = git / _text(git / "commondir") if (git / "commondir").exists() else git
    remote = _REMOTE.search(_text(common / "config"))
    name = (repository_of(remote[1]) if remote else "") or top.name
    head = _text(git / "HEAD")
    if head == _ELSEWHERE:
        commit = _asked(folder, "rev-parse", "--verify", "--quiet", "HEAD")
        return Checkout(name, commit, _asked(folder, "symbolic-ref", "--quiet", "--short", "HEAD"))
    if not head.startswith("ref:"):
        return Checkout(name, head)
    ref = head.removeprefix("ref:").strip()
    return Checkout(
        name, _text(common / ref) or _packed(common, ref), ref.removeprefix("refs/heads/")
    )


def _packed(common: Path, ref: str) -> str:
    for line in _text(common / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref:
            return commit
    return ""


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def _asked(folder: Path, *arguments: str) -> str:
    import subprocess  # noqa: PLC0415  it loads slowly, and is seldom needed

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
