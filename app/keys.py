"""Keys for single purposes, derived from the one that an installation has."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32


def derived_key(vault_key: str, purpose: str) -> bytes:
    """Return 32 bytes that tell nothing of the vault's key (base64), nor of other purposes' keys.

    By HKDF (RFC 5869).
    """
    derivation = HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose.encode())
    return derivation.derive(base64.b64decode(vault_key))
