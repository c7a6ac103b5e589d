"""Wraps data keys with the newest master key; what they seal stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.sealing.master import Wrapped, wrapped_for_certain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.sealing.data_keys import KeyStore
    from app.sealing.master import MasterKeys

_BATCH = 100


async def rotated(keys: KeyStore, master: MasterKeys) -> AsyncGenerator[int, None]:
    """Yield how many were wrapped, batch by batch. What is interrupted goes on the next time.

    Raises StorageUnavailable, and BadSettings where an older master key is missing.
    """
    # Asked each time: a service may have a newer one by now.
    while found := await keys.under_others((await master.ids())[:1], limit=_BATCH):
        for key in found:
            raw = await master.unwrap(Wrapped(key.master, key.wrapped), key.context)
            await keys.rewrap(key, await wrapped_for_certain(master, raw, key.context))
        yield len(found)
