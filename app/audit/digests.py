"""Digests by which the ledger names what was sent and answered."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def request_digest(head: Iterable[str], body: bytes) -> str:
    """Return SHA-256 in hex over the parts of a request's head and its body, each with its length.

    The head is: connection, method, path, query, and a `name:value` for each header that stays the
    same when the request is sent again.
    """
    digest = hashlib.sha256()
    for part in (*(part.encode() for part in head), body):
        # The length before each part: so no two requests share a digest by moving a boundary.
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
