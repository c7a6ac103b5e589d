"""Grants. Whether one is active is asked in each query; nothing relies on a clean-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.storage.documents import to_document
from app.storage.driver import Exists, repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.domain.grant import Grant
    from app.storage.documents import Document
    from app.storage.mongo import Collection


# So many uses are told apart from repeated calls.
_LATEST = 50


@repeating
class MongoGrants:
    """A GrantStore."""

    def __init__(self, grants: Collection[Grant]) -> None:
        self._grants = grants

    async def prepare(self) -> None:
        await self._grants.prepare(
            Index(("covers.identity_key", "expires_at")),
            Index(("expires_at",)),
            Index(("settled", "_id")),
        )

    async def put(self, grant: Grant) -> None:
        try:
            await self._grants.insert(to_document(grant) | {"settled": False})
        except Exists:
            found = await self.get(grant.id)
            if found is None or found.covers != grant.covers:
                raise

    async def get(self, grant_id: str) -> Grant | None:
        return await self._grants.one({"_id": grant_id})

    async def of(self, holders: Iterable[str], now: datetime) -> tuple[Grant, ...]:
        # Exactly the fields of the index: with one more, the embedded server reads everything.
        unexpired = await self._grants.find(
            {"covers.identity_key": {"$in": list(holders)}, "expires_at": {"$gt": now}}
        )
        return tuple(grant for grant in unexpired if grant.active(now))

    async def use(self, grant_id: str, session_id: str, now: datetime, until: datetime) -> bool:
        unused: Document = _active(grant_id, now) | {"used_by": {"$ne": session_id}}
        update: Document = {
            "$inc": {"uses": 1},
            "$set": {"used_at": now},
            "$max": {"expires_at": until},
            "$push": {"used_by": {"$each": [session_id], "$slice": -_LATEST}},
        }
        if await self._grants.change(unused, update):
            return True
        return await self._grants.one({"_id": grant_id, "used_by": session_id}) is not None

    async def revoke(self, grant_id: str, *, by: str, now: datetime) -> bool:
        revoked: Document = {"revoked_at": now, "revoked_by": by}
        if await self._grants.change(_active(grant_id, now), {"$set": revoked}):
            return True
        return await self._grants.one({"_id": grant_id} | revoked) is not None

    async def active(self, now: datetime) -> tuple[Grant, ...]:
        found = await self._grants.find({"expires_at": {"$gt": now}})
        return tuple(grant for grant in found if grant.active(now))

    async def get_many(self, grant_ids: Iterable[str]) -> tuple[Grant, ...]:
        return await self._grants.named(grant_ids)

    async def unsettled(self) -> tuple[Grant, ...]:
        return await self._grants.find({"settled": False})

    async def settle(self, grant_id: str) -> None:
        await self._grants.change({"_id": grant_id}, {"$set": {"settled": True}})

    async def ended(self, before: datetime) -> tuple[str, ...]:
        of_each = [
            await self._grants.ids({field: {"$lt": before}})
            for field in ("expires_at", "revoked_at")
        ]
        return tuple(sorted({one for ids in of_each for one in ids}))

    async def remove(self, grant_ids: Iterable[str]) -> None:
        await self._grants.remove_all({"_id": {"$in": list(grant_ids)}})


def _active(grant_id: str, now: datetime) -> Document:
    return {"_id": grant_id, "revoked_at": None, "expires_at": {"$gt": now}}
