"""The port to the master keys, which wrap the data keys and are never in the database.

Each driver of it has a file: `local.py` for keys of the settings, `transit.py` for a service that
never gives its keys out. `choosing.py` makes what the settings name.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Protocol

from app.errors import BadSettings, KeysUnavailable


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as a master key gives it out; `master` is the id of that."""

    master: str
    data: bytes


class MasterKeys(Protocol):
    """What wraps data keys.

    `context` names the data key and its person, and is bound in. Every method raises BadSettings
    where a key is missing or another one, and KeysUnavailable where a service does not answer.
    """

    async def wrap(self, data_key: bytes, context: str) -> Wrapped:
        """Wrap with the newest key."""
        ...

    async def unwrap(self, wrapped: Wrapped, context: str) -> bytes: ...

    async def ids(self) -> tuple[str, ...]:
        """Return the ids of all keys that can unwrap, first that of the key that wraps."""
        ...


@dataclass(frozen=True, slots=True)
class Succession:
    """Keys that wrap from now on, and those before them, which only unwrap."""

    newer: MasterKeys
    older: MasterKeys

    async def wrap(self, data_key: bytes, context: str) -> Wrapped:
        return await self.newer.wrap(data_key, context)

    async def unwrap(self, wrapped: Wrapped, context: str) -> bytes:
        is_old = wrapped.master in await self.older.ids()
        return await (self.older if is_old else self.newer).unwrap(wrapped, context)

    async def ids(self) -> tuple[str, ...]:
        return (*await self.newer.ids(), *await self.older.ids())


async def wrapped_for_certain(master: MasterKeys, data_key: bytes, context: str) -> Wrapped:
    """Wrap with the newest key, and unwrap once to see that the same data key comes back.

    Raises KeysUnavailable where another one does: nothing that it seals could be read again.
    """
    wrapped = await master.wrap(data_key, context)
    if not hmac.compare_digest(await master.unwrap(wrapped, context), data_key):
        raise KeysUnavailable(
            f"Unwrapping with the master key “{wrapped.master}” gave another data key: "
            "nothing is sealed with it."
        )
    return wrapped


def missing(master: str) -> BadSettings:
    """Return what to say of a master key that is needed and not there."""
    where = "add it to ABEYANCE_RECORD_KEYS"
    if master.startswith("vault-"):
        where = "add it to ABEYANCE_VAULT_KEY"
    elif ":" in master:
        where = (
            "see whether ABEYANCE_TRANSIT_KEY names it, and whether its min_decryption_version "
            "still allows it"
        )
    return BadSettings(
        f"The record is sealed with the master key “{master}”, and this process does not have it: "
        f"{where}. Until then nothing of it can be read, and nothing is forwarded."
    )
