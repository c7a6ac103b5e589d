"""Originals of what was masked, sealed beside their session: a document each.

Who may open an original is bound to its seal: changing it in the database opens nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.record.original import KeptOriginal
from app.domain.record.session import Side
from app.errors import ContentErased
from app.storage.bulk import Write
from app.storage.documents import between, to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.record.original import Original
    from app.sealing.data_key import DataKey
    from app.sealing.data_keys import DataKeys
    from app.storage.mongo import Collection

ORIGINALS = "originals"
"""The name of the collection."""
_GONE = "This original was removed."
_UTF_8 = ("utf-8", "surrogatepass")


def keeping(
    session_id: str, side: Side, originals: Sequence[Original], key: DataKey
) -> list[Write]:
    """Return the writes of the originals of half a session, sealed, to be joined with others."""
    kept = (
        _sealed(f"{session_id}:{side.value}:{number:04}", original, key)
        for number, original in enumerate(originals, 1)
    )
    return [Write(ORIGINALS, to_document(one), random="seal") for one in kept]


@repeating
class MongoOriginals:
    """Every method may raise StorageUnavailable."""

    def __init__(self, originals: Collection[KeptOriginal], keys: DataKeys) -> None:
        self._originals = originals
        self._keys = keys

    async def prepare(self) -> None:
        # The embedded server has no index of ids alone that knows an order.
        await self._originals.prepare(Index(("_id", "key")))

    async def of_session(self, session_id: str) -> tuple[KeptOriginal, ...]:
        """Return what is kept of a session, without the seals: of the request, then the answer."""
        found = await self._originals.find(_of(session_id), without="seal")
        request = f"{session_id}:{Side.REQUEST.value}:"
        return tuple(sorted(found, key=lambda one: not one.id.startswith(request)))

    async def opened(self, original: KeptOriginal) -> str:
        """Return the value. Raises ContentErased, and Damaged where anything of it was changed.

        The seal is read from the database; the rest of `original` has to be what was sealed.
        """
        keys = await self._keys.opened([original.key])
        stored = await self._originals.one({"_id": original.id})
        if stored is None:
            raise ContentErased(_GONE)
        return keys[original.key].open(_place(original), stored.seal).decode(*_UTF_8)

    async def between(self, after: str, before: str) -> tuple[str, ...]:
        """Return the ids of those whose sessions are between two ids."""
        return await self._originals.ids(between(after, before))

    async def remove(self, ids: Sequence[str]) -> None:
        if ids:
            await self._originals.remove_all({"_id": {"$in": list(ids)}})

    async def remove_of(self, session_id: str) -> None:
        await self._originals.remove_all(_of(session_id))


def _of(session_id: str) -> dict[str, dict[str, str]]:
    return {"_id": {"$gt": f"{session_id}:", "$lt": f"{session_id};"}}


def _sealed(name: str, original: Original, key: DataKey) -> KeptOriginal:
    rule, sealed_for = original.keeping.rule, original.keeping.sealed_for
    place, label = original.place, original.label
    bare = KeptOriginal(name, rule, sealed_for, place, label, key.id, b"")
    seal = key.seal(_place(bare), original.value.encode(*_UTF_8))
    return KeptOriginal(name, rule, sealed_for, place, label, key.id, seal)


def _place(original: KeptOriginal) -> str:
    return f"original {original.id} for {' '.join(original.sealed_for)}"
