"""Where somebody works, read from git's files: starting git takes too long for a hook."""

from __future__ import annotations

import re
from pathlib import Path

from workstation.origin import repository_of, sayable

_ORIGIN = r'^\[remote "origin"\]$(?:\n(?!\[).*)*?\n\s*url\s*=\s*(\S+)'
_REMOTE = re.compile(_ORIGIN, re.MULTILINE)


def origin_of(folder: str) -> dict[str, str]:
    """Return repository, commit and branch, as far as they are known. They are shown as claimed."""
    try:
        return sayable(_read(Path(folder))) if folder else {}
    except (OSError, UnicodeDecodeError):
        return {}


def _read(folder: Path) -> dict[str, str]:
    top = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
    if top is None:
        return {}
    git = top / ".git"
    if git.is_file():  # of a worktree or a submodule
        git = top / git.read_text().removeprefix("gitdir:").strip()
    common = git / _text(git / "commondir") if (git / "commondir").exists() else git
    remote = _REMOTE.search(_text(common / "config"))
    head = _text(git / "HEAD")
    found = {"repository": (repository_of(remote[1]) if remote else "") or top.name}
    if not head.startswith("ref:"):
        return found | {"commit": head}
    ref = head.removeprefix("ref:").strip()
    branch = ref.removeprefix("refs/heads/")
    return found | {"branch": branch, "commit": _text(common / ref) or _packed(common, ref)}


def _packed(common: Path, ref: str) -> str:
    for line in _text(common / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref:
            return commit
    return ""


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""
