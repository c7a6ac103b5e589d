"""How the ledger tells of passages: the beginnings of their names, or one digest of many.

A name is a keyed digest: it does not reveal what was said, and the same words have the same name.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LENGTH = 32
"""In hex digits: none can be found by trial that begins like another."""
_MOST = 64
_DIGEST = "sha256:"


def told(names: Iterable[str]) -> str:
    """Return the names of passages as the ledger tells them; the same for the same passages."""
    short = sorted({name[:_LENGTH] for name in names})
    text = " ".join(short)
    if len(short) <= _MOST:
        return text
    return f"{_DIGEST}{hashlib.sha256(text.encode()).hexdigest()}"


def within(used: str, given: str) -> bool | None:
    """Return whether the passages used are all among those given; None where that cannot be seen.

    Of many there is only a digest: it shows whether two lists are equal, and nothing else.
    """
    if not used or not given:
        return None
    if used == given:
        return True
    if used.startswith(_DIGEST):
        # More than can be listed are not among those that are.
        return None if given.startswith(_DIGEST) else False
    return None if given.startswith(_DIGEST) else set(used.split()) <= set(given.split())
