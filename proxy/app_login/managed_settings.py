"""`GET /managed/settings`: the policy that Claude Code fetches at its start and every hour.

Claude Code keeps what it got, computes its checksum by itself, and asks with it. So the checksum is
not ours to choose: SHA-256 over the JSON with sorted members and no blanks, which is what RFC 8785
writes down for these settings. (Read from Claude Code 2.1.197.)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import rfc8785

if TYPE_CHECKING:
    from collections.abc import Mapping


def checksum_of(settings: Mapping[str, Any]) -> str:
    return f"sha256:{hashlib.sha256(rfc8785.dumps(dict(settings))).hexdigest()}"


def document(settings: Mapping[str, Any]) -> dict[str, object]:
    """Return the settings as Claude Code wants them."""
    checksum = checksum_of(settings)
    return {"uuid": checksum, "checksum": checksum, "settings": settings}


def is_known(if_none_match: str, checksum: str) -> bool:
    """Whether a client has these settings already (RFC 9110, section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or f'"{checksum}"' in tags
