"""Links of Slack accounts to identities: offered in Slack, taken once by whoever signs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from app.storage.documents import to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from app.storage.documents import Document
    from app.storage.mongo import Collection


@dataclass(frozen=True, slots=True)
class Link:
    """A Slack account, and whom the identity provider says it belongs to.

    `id` is `enterprise/team/user`. `code` is the SHA-256 of the one-time code that links it; empty
    once it is used. `identity_key` is empty as long as nobody has used the code.
    """

    id: str
    label: str
    code: str
    until: datetime
    identity_key: str = ""


class LinkStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def offer(self, link: Link) -> None:
        """Keep the offer in place of an earlier one."""
        ...

    async def of(self, account: str) -> Link | None: ...

    async def by_code(self, code: str, now: datetime) -> Link | None:
        """Return the offer that still stands under the code."""
        ...

    async def take(self, code: str, identity_key: str, now: datetime) -> bool:
        """Link the account of the code to an identity, once; False where that is over."""
        ...

    async def withdraw(self, code: str, now: datetime) -> bool:
        """End an offer without a link; False where it is over already."""
        ...


@repeating
class MongoLinks:
    """A LinkStore."""

    def __init__(self, links: Collection[Link]) -> None:
        self._links = links

    async def prepare(self) -> None:
        await self._links.prepare(Index(("code",)), Index(("used_code",)))

    async def offer(self, link: Link) -> None:
        await self._links.put(link.id, to_document(link))

    async def of(self, account: str) -> Link | None:
        return await self._links.one({"_id": account})

    async def by_code(self, code: str, now: datetime) -> Link | None:
        return await self._links.one(_standing(code, now))

    async def take(self, code: str, identity_key: str, now: datetime) -> bool:
        return await self._use(code, identity_key, now)

    async def withdraw(self, code: str, now: datetime) -> bool:
        return await self._use(code, "", now)

    async def _use(self, code: str, identity_key: str, now: datetime) -> bool:
        used: Document = {"identity_key": identity_key, "used_code": code}
        if await self._links.change(_standing(code, now), {"$set": used | {"code": ""}}):
            return True
        return await self._links.one(used) is not None


def _standing(code: str, now: datetime) -> Document:
    return {"code": code, "until": {"$gt": now}, "identity_key": ""}
