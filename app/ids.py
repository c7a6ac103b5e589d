"""Names for sessions and holds: ULIDs, so that their order is the order of time."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_LENGTH = 26
SHORT = 6
"""How many characters people need to tell one from another."""


def new_id(now: datetime) -> str:
    """Return 26 characters of Crockford base 32: 48 bits of milliseconds, 80 of chance.

    Source: the ULID specification; lower case, because people read and type it.
    """
    return _encode(_milliseconds(now) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS))


def new_token() -> str:
    """Return 16 characters of chance: who repeats a write recognises by it what they wrote."""
    return secrets.token_hex(8)


def first_id(since: datetime) -> str:
    """Return the lowest id that could have been made at that moment."""
    return _encode(_milliseconds(since) << _RANDOM_BITS)


def short(identifier: str) -> str:
    """Return what people call it by: the last six characters, in capitals."""
    return identifier[-SHORT:].upper()


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _encode(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
