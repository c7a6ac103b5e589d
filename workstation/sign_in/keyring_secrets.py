"""A secret in the keyring of the operating system, in pieces that each keyring takes.

Windows has room for 1,280 characters in an entry, and some issuers' refresh tokens are longer.
"""

from __future__ import annotations

import secrets
from contextlib import suppress

import keyring
from keyring.errors import KeyringError

from app.errors import NotAuthenticated

_SERVICE = "abeyance"
_PIECE = 1000
_GOOD_ENOUGH = 1.0
"""The priority of keyrings that the system protects; below it are plain files and none at all."""


def put(name: str, secret: str) -> str:
    """Return a reference to the secret, now in the keyring; empty where there is none to use."""
    if keyring.get_keyring().priority < _GOOD_ENOUGH:
        return ""
    pieces = [secret[start : start + _PIECE] for start in range(0, len(secret), _PIECE)]
    # A new name each time: until the reference is written down, the one before stays good.
    reference = f"{name}.{secrets.token_hex(4)}.{len(pieces)}"
    try:
        for entry, piece in zip(_entries(reference), pieces, strict=True):
            keyring.set_password(_SERVICE, entry, piece)
    except (KeyringError, OSError):
        # Such as one that is locked and nobody there to unlock it.
        drop(reference)
        return ""
    return reference


def get(reference: str) -> str:
    """Raises NotAuthenticated where the keyring does not give it out."""
    try:
        pieces = [keyring.get_password(_SERVICE, entry) for entry in _entries(reference)]
    except (KeyringError, OSError) as error:
        raise NotAuthenticated(
            f"Your keyring does not give out your sign-in ({error}): unlock it, or run "
            "`abeyance login`."
        ) from error
    if not all(pieces):
        raise NotAuthenticated("Your sign-in is no longer in your keyring: run `abeyance login`.")
    return "".join(piece or "" for piece in pieces)


def drop(reference: str) -> None:
    for entry in _entries(reference):
        with suppress(KeyringError, OSError):
            keyring.delete_password(_SERVICE, entry)


def _entries(reference: str) -> list[str]:
    named, _, count = reference.rpartition(".")
    return [f"{named}.{number}" for number in range(int(count))]
