"""Master keys, which wrap the data keys and are never in the database."""

from __future__ import annotations

import base64
import binascii
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import BadSettings
from app.keys import derived_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from app.settings import Settings

_NONCE_BYTES = 12
_KEY_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOW = (
    "give each as ID:KEY, the newest first, with commas or line ends between them; KEY is 32 bytes "
    "in base64 (`openssl rand -base64 32`)"
)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as a master key gives it out; `master` is the id of that."""

    master: str
    data: bytes


class MasterKeys(Protocol):
    """What wraps data keys: keys of the settings, or a service that never gives its keys out.

    `context` names the data key and its person, and is bound in. Both methods raise BadSettings
    where a key is missing or another one, and Unavailable where a service does not answer.
    """

    async def wrap(self, data_key: bytes, context: str) -> Wrapped:
        """Wrap with the newest key."""
        ...

    async def unwrap(self, wrapped: Wrapped, context: str) -> bytes: ...

    @property
    def newest(self) -> str:
        """The id of the key that wraps from now on."""
        ...

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys that can unwrap."""
        ...


class LocalMasterKeys:
    """Master keys that this process has itself; the first one wraps."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}

    @property
    def newest(self) -> str:
        return next(iter(self._ciphers))

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._ciphers)

    async def wrap(self, data_key: bytes, context: str) -> Wrapped:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self.newest].encrypt(nonce, data_key, _bound(self.newest, context))
        return Wrapped(self.newest, nonce + sealed)

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


def missing(master: str) -> BadSettings:
    where = "ABEYANCE_VAULT_KEY" if master.startswith("vault-") else "ABEYANCE_RECORD_KEYS"
    return BadSettings(
        f"The record is sealed with the master key “{master}”, and this process does not have it: "
        f"add it to {where}. Until then nothing of it can be read, and nothing is forwarded."
    )


def master_keys(settings: Settings) -> LocalMasterKeys:
    """Return the keys of the settings. Raises BadSettings where there is none, or one is wrong.

    What was sealed with a key derived from the vault's still opens when keys are given.
    """
    text = settings.record_keys.get_secret_value()
    if settings.record_keys_file is not None:
        text = f"{text}\n{_read(settings.record_keys_file)}"
    keys = parsed_keys(text)
    if vault_key := settings.vault_key.get_secret_value():
        keys |= keys_of_vault(vault_key)
    if not keys:
        raise BadSettings(
            "missing ABEYANCE_RECORD_KEYS (or ABEYANCE_RECORD_KEYS_FILE, or ABEYANCE_VAULT_KEY): "
            f"the keys that seal the record; {_HOW}."
        )
    return LocalMasterKeys(keys)


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
            raise BadSettings(f"ABEYANCE_RECORD_KEYS: key {len(keys) + 1} cannot be read; {_HOW}.")
        if name.startswith("vault-"):
            raise BadSettings("ABEYANCE_RECORD_KEYS: no id may begin with “vault-”.")
        keys[name] = key
    return keys


def keys_of_vault(vault_key: str) -> dict[str, bytes]:
    """Return the master key that is derived from the vault's, by its id."""
    told = derived_key(vault_key, "abeyance id of the master key").hex()[:8]
    return {f"vault-{told}": derived_key(vault_key, "abeyance master key of the record")}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(
            f"ABEYANCE_RECORD_KEYS_FILE: {path} cannot be read ({type(error).__name__})."
        ) from None


def _bound(master: str, context: str) -> bytes:
    return f"{master}\n{context}".encode()
