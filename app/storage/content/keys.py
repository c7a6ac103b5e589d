"""The wrapped data keys of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.storage.documents import to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from app.sealing.data_key import WrappedKey
    from app.sealing.master import Wrapped
    from app.storage.documents import Document
    from app.storage.mongo import Collection


@repeating
class MongoKeys:
    """A KeyStore."""

    def __init__(self, keys: Collection[WrappedKey]) -> None:
        self._keys = keys

    async def prepare(self) -> None:
        await self._keys.prepare(Index(("person",)), Index(("master",)))

    async def put(self, key: WrappedKey) -> None:
        await self._keys.insert(to_document(key))

    async def get_many(self, ids: Iterable[str]) -> tuple[WrappedKey, ...]:
        return await self._keys.named(ids)

    async def of_person(self, person: str) -> tuple[WrappedKey, ...]:
        return await self._keys.find({"person": person})

    async def under(self, masters: Sequence[str], *, limit: int) -> tuple[WrappedKey, ...]:
        return await self._keys.find({"master": {"$in": list(masters)}}, limit=limit)

    async def under_others(self, masters: Sequence[str], *, limit: int) -> tuple[WrappedKey, ...]:
        return await self._keys.find(_others(masters), limit=limit)

    async def count_under_others(self, masters: Sequence[str]) -> int:
        return len(await self._keys.ids(_others(masters)))

    async def retire(self, key_id: str, at: datetime) -> None:
        await self._keys.change({"_id": key_id, "retired_at": None}, {"$set": {"retired_at": at}})

    async def destroy(self, key_id: str, reason: str) -> None:
        # Under no master key: none has to be kept for it.
        gone = {"wrapped": b"", "master": "", "reason": reason}
        await self._keys.change({"_id": key_id}, {"$set": gone})

    async def rewrap(self, old: WrappedKey, new: Wrapped) -> None:
        expected = {"_id": old.id, "wrapped": old.wrapped}
        await self._keys.change(expected, {"$set": {"wrapped": new.data, "master": new.master}})


def _others(masters: Sequence[str]) -> Document:
    return {"master": {"$nin": [*masters, ""]}}
