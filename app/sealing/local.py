"""Master keys of the settings, or of a file: this process has them itself."""

from __future__ import annotations

import base64
import binascii
import os
import re
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import BadSettings
from app.keys import derived_key
from app.sealing.master import Wrapped, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

_NONCE_BYTES = 12
_KEY_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HOW = (
    "give each as ID:KEY, the newest first, with commas or line ends between them; KEY is 32 bytes "
    "in base64 (`openssl rand -base64 32`)"
)


class LocalMasterKeys:
    """MasterKeys that this process has itself; the first one wraps. There is at least one."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._newest = next(iter(keys))

    async def ids(self) -> tuple[str, ...]:
        return tuple(self._ciphers)

    async def wrap(self, data_key: bytes, context: str) -> Wrapped:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, data_key, _bound(self._newest, context))
        return Wrapped(self._newest, nonce + sealed)

    async def unwrap(self, wrapped: Wrapped, context: str) -> bytes:
        cipher = self._ciphers.get(wrapped.master)
        if cipher is None:
            raise missing(wrapped.master)
        nonce, sealed = wrapped.data[:_NONCE_BYTES], wrapped.data[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, sealed, _bound(wrapped.master, context))
        except (InvalidTag, ValueError):
            raise BadSettings(
                f"The record does not open with the master key “{wrapped.master}”: another key has "
                "this id, or the wrapped key in the database was changed."
            ) from None


def parsed_keys(text: str) -> dict[str, bytes]:
    """Read `id:base64` words. Raises BadSettings, without telling any of the keys."""
    keys: dict[str, bytes] = {}
    for word in re.split(r"[\s,]+", text.strip()):
        if not word:
            continue
        name, _, encoded = word.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not _ID.fullmatch(name) or len(key) != _KEY_BYTES or name in keys:
            raise BadSettings(f"ABEYANCE_RECORD_KEYS: key {len(keys) + 1} cannot be read; {HOW}.")
        if name.startswith("vault-"):
            raise BadSettings("ABEYANCE_RECORD_KEYS: no id may begin with “vault-”.")
        keys[name] = key
    return keys


def keys_of_vault(vault_key: str) -> dict[str, bytes]:
    """Return the master key that is derived from the vault's, by its id."""
    told = derived_key(vault_key, "abeyance id of the master key").hex()[:8]
    return {f"vault-{told}": derived_key(vault_key, "abeyance master key of the record")}


def _bound(master: str, context: str) -> bytes:
    return f"{master}\n{context}".encode()
