"""Notices: which Slack message tells of which hold, posted under a lease."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.notice import NoticeKind
from app.storage.documents import to_document
from app.storage.driver import Exists, repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.domain.notice import Notice
    from app.storage.documents import Document
    from app.storage.mongo import Collection

KEPT = timedelta(days=365)
"""Since it was last written: a message that is older is not edited any more."""


@repeating
class MongoNotices:
    """A NoticeStore."""

    def __init__(self, notices: Collection[Notice]) -> None:
        self._notices = notices

    async def prepare(self) -> None:
        await self._notices.prepare(Index(("hold_id", "_id")), Index(("until",), expires=True))

    async def ensure(self, notice: Notice, last: datetime | None = None) -> Notice:
        until = {"until": last + KEPT} if last else {}
        try:
            await self._notices.insert(to_document(notice) | until)
        except Exists:
            found = await self._notices.one({"_id": notice.id})
            if found is None:
                raise
            return found
        return notice

    async def remove_of(self, hold_id: str) -> None:
        await self._notices.remove_all({"hold_id": hold_id})

    async def lease(
        self, notice: Notice, *, by: str, now: datetime, until: datetime
    ) -> Notice | None:
        if notice.leased_until is not None and notice.leased_until > now:
            return None
        fence = {"_id": notice.id, "fence": notice.fence}
        taken: Document = {"fence": notice.fence + 1, "leased_until": until, "leased_by": by}
        taken["until"] = now + KEPT
        await self._notices.change(fence, {"$set": taken})
        found = await self._notices.one({"_id": notice.id})
        ours = found is not None and (found.fence, found.leased_by) == (notice.fence + 1, by)
        return found if ours else None

    async def record(self, leased: Notice, *, channel: str, ts: str, shown: str) -> bool:
        fence = {"_id": leased.id, "fence": leased.fence}
        posted: Document = {"channel": channel, "ts": ts, "shown": shown, "leased_until": None}
        return await self._notices.change(fence, {"$set": posted})

    async def doubt(self, leased: Notice, *, now: datetime) -> None:
        fence = {"_id": leased.id, "fence": leased.fence}
        await self._notices.change(fence, {"$set": {"leased_until": now}})

    async def of_hold(self, hold_id: str) -> tuple[Notice, ...]:
        return await self._notices.find({"hold_id": hold_id})

    async def cards(self, hold_ids: Iterable[str]) -> tuple[Notice, ...]:
        found = await self._notices.named(hold_ids, field="hold_id")
        return tuple(one for one in found if one.kind is NoticeKind.CARD and one.ts)

    async def asked(self, hold_id: str) -> bool:
        return bool(await self.cards([hold_id]))
