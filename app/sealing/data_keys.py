"""The data keys of people: made when they are first needed, and kept open for a while."""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from app.clock import SystemClock
from app.errors import ContentErased, Damaged, StorageUnavailable
from app.ids import new_id
from app.logs import Seldom
from app.sealing.data_key import KEY_BYTES, DataKey, WrappedKey
from app.sealing.master import Wrapped, missing, wrapped_for_certain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from app.clock import Clock
    from app.sealing.master import MasterKeys

_FRESH_SECONDS = 30.0
"""How long a key seals without a look at whether it was retired meanwhile."""
_LOOK_SECONDS = 5.0
_UNUSED_SECONDS = 900.0
_MOST_OPEN = 10_000
_log = structlog.get_logger(__name__)


class KeyStore(Protocol):
    """Wrapped data keys. Every method may raise StorageUnavailable."""

    async def put(self, key: WrappedKey) -> None: ...

    async def get_many(self, ids: Iterable[str]) -> tuple[WrappedKey, ...]: ...

    async def of_person(self, person: str) -> tuple[WrappedKey, ...]:
        """Return all of a person, oldest first."""
        ...

    async def under(self, masters: Sequence[str], *, limit: int) -> tuple[WrappedKey, ...]:
        """Return some that are wrapped by any of these master keys."""
        ...

    async def under_others(self, masters: Sequence[str], *, limit: int) -> tuple[WrappedKey, ...]:
        """Return some that are wrapped by none of these master keys."""
        ...

    async def count_under_others(self, masters: Sequence[str]) -> int: ...

    async def retire(self, key_id: str, at: datetime) -> None:
        """Note that it seals nothing more, where that is not noted yet."""
        ...

    async def destroy(self, key_id: str, reason: str) -> None:
        """Remove the wrapped key for good."""
        ...

    async def rewrap(self, old: WrappedKey, new: Wrapped) -> None:
        """Write it as another master key wrapped it, unless it was changed meanwhile."""
        ...


@dataclass(slots=True)
class _Open:
    key: DataKey
    seals: bool
    looked_at: float
    used_at: float

    @property
    def is_fresh(self) -> bool:
        return self.used_at - self.looked_at < _FRESH_SECONDS


class DataKeys:
    """Every method may raise StorageUnavailable, or BadSettings where a master key is missing.

    A key that is open goes on sealing while a key service is away; no other is opened or made then.
    """

    def __init__(
        self,
        store: KeyStore,
        master: MasterKeys | None,
        clock: Clock | None = None,
        seconds: Callable[[], float] = time.monotonic,
        most_open: int = _MOST_OPEN,
    ) -> None:
        self._store = store
        self._master = master
        self._clock = clock or SystemClock()
        self._seconds = seconds
        self._most_open = most_open
        self._open: OrderedDict[str, _Open] = OrderedDict()
        """The one that was used last is the last."""
        self._current: dict[str, str] = {}
        """The id of the key of each person that seals."""
        self._warning = Seldom()

    async def check(self) -> None:
        """See that the newest master key wraps, and each opens what it wrapped.

        Raises BadSettings where something is sealed with a master key that is not here.
        """
        await wrapped_for_certain(self._known(), os.urandom(KEY_BYTES), "a probe")
        ids = await self._known().ids()
        if strangers := await self._store.under_others(ids, limit=1):
            raise missing(strangers[0].master)
        for name in ids:
            for key in await self._store.under([name], limit=1):
                await self._unwrapped(key)

    async def of(self, person: str) -> DataKey:
        """Return the key that seals what concerns a person; make it where there is none."""
        opened = self._used(self._current.get(person, ""))
        if opened is not None and opened.seals and opened.is_fresh:
            return opened.key
        stored = await self._sealing(person) or await self._made(person)
        self._current[person] = stored.id
        return await self._taken(stored)

    async def opened(self, ids: Iterable[str]) -> Mapping[str, DataKey]:
        """Return the keys that open what names them. Raises ContentErased for a destroyed one."""
        used = {key_id: self._used(key_id) for key_id in ids}
        found = {key_id: opened.key for key_id, opened in used.items() if opened}
        if unknown := sorted(used.keys() - found.keys()):
            stored = {key.id: key for key in await self._store.get_many(unknown)}
            for key_id in unknown:
                if key_id not in stored:
                    raise Damaged(f"A key of the record is not stored: {key_id}.")
                found[key_id] = await self._taken(stored[key_id])
        return found

    def is_open(self, key_id: str) -> bool:
        """Whether it is in memory, so that no key service is asked for it."""
        return key_id in self._open

    async def run(self) -> None:
        """Look now and then whether keys in use were retired: a task of each server."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except StorageUnavailable as unavailable:
                if self._warning.due():
                    _log.warning("data keys not looked at", reason=str(unavailable))

    async def look(self) -> None:
        """Look at all open keys once more, in one call; close those that are not used."""
        now = self._seconds()
        for key_id, opened in list(self._open.items()):
            if now - opened.used_at > _UNUSED_SECONDS:
                del self._open[key_id]
        self._current = {who: key for who, key in self._current.items() if key in self._open}
        if not self._open:
            return
        stored = {key.id: key for key in await self._store.get_many(list(self._open))}
        for key_id, opened in list(self._open.items()):
            key = stored.get(key_id)
            if key is None or not key.wrapped:
                del self._open[key_id]
            else:
                opened.seals, opened.looked_at = key.retired_at is None, now

    def forget(self) -> None:
        """Close all keys."""
        self._open.clear()
        self._current.clear()

    async def _sealing(self, person: str) -> WrappedKey | None:
        known = await self._store.of_person(person)
        return next((key for key in known if key.wrapped and key.retired_at is None), None)

    async def _made(self, person: str) -> WrappedKey:
        now = self._clock.now()
        key = WrappedKey(new_id(now), person, "", b"", now)
        raw = os.urandom(KEY_BYTES)
        wrapped = await wrapped_for_certain(self._known(), raw, key.context)
        made = WrappedKey(key.id, person, wrapped.master, wrapped.data, now)
        await self._store.put(made)
        self._keep_open(made, DataKey(key.id, raw))
        # Another process may have made one at the same moment: all take the oldest.
        return await self._sealing(person) or made

    async def _taken(self, stored: WrappedKey) -> DataKey:
        known = self._open.get(stored.id) if stored.wrapped else None
        key = known.key if known else DataKey(stored.id, await self._unwrapped(stored))
        self._keep_open(stored, key)
        return key

    def _keep_open(self, stored: WrappedKey, key: DataKey) -> None:
        now = self._seconds()
        self._open[stored.id] = _Open(key, stored.retired_at is None, now, now)
        self._open.move_to_end(stored.id)
        while len(self._open) > self._most_open:
            self._open.popitem(last=False)

    def _used(self, key_id: str) -> _Open | None:
        opened = self._open.get(key_id)
        if opened is not None:
            opened.used_at = self._seconds()
            self._open.move_to_end(key_id)
        return opened

    async def _unwrapped(self, stored: WrappedKey) -> bytes:
        if not stored.wrapped:
            raise ContentErased(f"This content was erased: {stored.reason or 'its key is gone'}.")
        return await self._known().unwrap(Wrapped(stored.master, stored.wrapped), stored.context)

    def _known(self) -> MasterKeys:
        if self._master is None:
            raise missing("unknown")
        return self._master
