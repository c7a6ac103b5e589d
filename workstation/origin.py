"""How a repository, a commit and a branch are named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 200
# The gateway refuses other names: a task must not fail for an odd one.
_NAMES = {
    "repository": re.compile(r"[\w.~+-]+(?:/[\w.~+-]+){0,9}"),
    "commit": re.compile(r"[0-9a-f]{7,64}"),
    "branch": re.compile(r"[\w.+/#@%=,!()-]+"),
}
# git@host:owner/name, which is no URL.
_SHORT = re.compile(r"(?:[^@/]+@)?[\w.-]+:(?!//)(?P<path>.+)")


def sayable(found: Mapping[str, str]) -> dict[str, str]:
    """Return what the gateway takes of a repository, commit and branch; nothing without the first.

    Approvers see it as claimed.
    """
    said = {
        name: found[name]
        for name, pattern in _NAMES.items()
        if name in found and len(found[name]) <= _LONGEST and pattern.fullmatch(found[name])
    }
    return said if "repository" in said else {}


def repository_of(remote: str) -> str:
    """Return `owner/name` of the address of a remote; empty where it is a folder."""
    if "://" in remote:
        url = urlsplit(remote)
        path = "" if url.scheme == "file" else url.path
    else:
        # `C:\\shop` is a folder of Windows, and no host.
        short = _SHORT.fullmatch(remote)
        path = short["path"] if short and not re.match(r"[A-Za-z]:[\\/]", remote) else ""
    return path.strip("/").removesuffix(".git")
