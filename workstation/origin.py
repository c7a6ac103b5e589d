"""How a repository, a commit and a branch are named."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LONGEST = 200
# The gateway refuses other names: a task must not fail for an odd one.
REPOSITORY = re.compile(r"[\w.~+-]+(?:/[\w.~+-]+){0,9}")
COMMIT = re.compile(r"[0-9a-f]{7,64}")
BRANCH = re.compile(r"[\w.+/#@%=,!()-]+")
# git@host:owner/name, which is no URL.
_SHORT = re.compile(r"(?:[^@/]+@)?[\w.-]+:(?!//)(?P<path>.+)")


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
