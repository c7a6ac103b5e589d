"""Upstream credentials, sealed: the database never sees one in the clear."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import BadSettings

_NONCE_BYTES = 12
_KEY_BYTES = 32


class Vault:
    """AES-256-GCM with the connection's name bound in, so that a seal cannot change places."""

    def __init__(self, key: str) -> None:
        """Take 32 bytes in base64. Raises BadSettings."""
        try:
            raw = base64.b64decode(key, validate=True)
        except binascii.Error:
            raw = b""
        if len(raw) != _KEY_BYTES:
            raise BadSettings(
                "ABEYANCE_VAULT_KEY must be 32 bytes in base64; "
                "make one with `openssl rand -base64 32`."
            )
        self._cipher = AESGCM(raw)

    @staticmethod
    def new_key() -> str:
        return base64.b64encode(os.urandom(_KEY_BYTES)).decode()

    def seal(self, connection: str, credential: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, credential.encode(), connection.encode())

    def open(self, connection: str, sealed: bytes) -> str:
        """Return the credential. Raises BadSettings where the key is another one."""
        nonce, sealed_text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed_text, connection.encode()).decode()
        except InvalidTag:
            raise BadSettings(
                f"The credential of connection “{connection}” does not open: ABEYANCE_VAULT_KEY is "
                "not the key that sealed it. Restore that key, or run "
                f"`abeyance connection rotate {connection}`."
            ) from None
