"""Grants. Whether one is active is asked in each query; nothing relies on a clean-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.storage.documents import to_document
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.domain.grant import Coverage, Grant
    from app.storage.documents import Document
    from app.storage.mongo import Collection


class MongoGrants:
    """A GrantStore."""

    def __init__(self, grants: Collection[Grant]) -> None:
        self._grants = grants

    async def prepare(self) -> None:
        await self._grants.prepare(
            Index(("covers.identity_key", "-_id")),
            Index(("expires_at",)),
            Index(("settled", "_id")),
        )

    async def put(self, grant: Grant) -> None:
        await self._grants.insert(to_document(grant) | {"settled": False})

    async def get(self, grant_id: str) -> Grant | None:
        return await self._grants.one({"_id": grant_id})

    async def covering(self, covers: Coverage, now: datetime) -> Grant | None:
        mine = await self._grants.find(
            {"covers.identity_key": covers.identity_key}, newest_first=True
        )
        return next((grant for grant in mine if grant.covers == covers and grant.active(now)), None)

    async def use(self, grant_id: str, now: datetime) -> bool:
        return await self._grants.change(_active(grant_id, now), {"$inc": {"uses": 1}})

    async def revoke(self, grant_id: str, *, by: str, now: datetime) -> bool:
        revoked = {"$set": {"revoked_at": now, "revoked_by": by}}
        return await self._grants.change(_active(grant_id, now), revoked)

    async def active(self, now: datetime) -> tuple[Grant, ...]:
        found = await self._grants.find({"expires_at": {"$gt": now}})
        return tuple(grant for grant in found if grant.active(now))

    async def get_many(self, grant_ids: Iterable[str]) -> tuple[Grant, ...]:
        return await self._grants.find({"_id": {"$in": list(grant_ids)}})

    async def unsettled(self) -> tuple[Grant, ...]:
        return await self._grants.find({"settled": False})

    async def settle(self, grant_id: str) -> None:
        await self._grants.change({"_id": grant_id}, {"$set": {"settled": True}})


def _active(grant_id: str, now: datetime) -> Document:
    return {"_id": grant_id, "revoked_at": None, "expires_at": {"$gt": now}}
