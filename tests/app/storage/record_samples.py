"""Calls of the stores beside sessions: what was rejected, and how far a stream has come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.record.counted_day import CountedDay
from app.domain.record.original import Keeping, KeptOriginal, Original
from app.domain.record.rejection import Rejection
from app.domain.record.session import Side
from app.domain.record.stored_catalog import StoredCatalog
from app.ids import first_id
from app.storage.content.originals import keeping
from tests.app.storage.sample import Sample
from tests.app.storage.test_mongo import NOW
from tests.sealing import KEY, WRAPPED
from tests.written import write

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

REJECTION = Rejection(
    *(first_id(NOW), NOW, NOW + timedelta(hours=1)),
    *("192.0.2.1", 401, "not_authenticated", "no token"),
)
CATALOG = StoredCatalog("revision", (("approvers.yaml", "[]"),), NOW)
COUNTED = CountedDay("day", b"{}", NOW + timedelta(days=1))
KEPT = KeptOriginal(
    f"{first_id(NOW)}:request:0001",
    *("keys", ("responders",), "place", "[key]"),
    *(WRAPPED.id, b""),
)
_VALUE = Original(Keeping(KEPT.rule, KEPT.sealed_for), KEPT.place, KEPT.label, "a value")


async def _kept(storage: MongoStorage) -> None:
    await storage.keys.put(WRAPPED)
    await write(storage, *keeping(first_id(NOW), Side.REQUEST, [_VALUE], KEY))


async def _named(storage: MongoStorage) -> list[str]:
    """Leave out the seals, which differ each time."""
    return [one.name for one in await storage.originals.of_session(first_id(NOW))]


async def _opened(storage: MongoStorage) -> str:
    [kept] = await storage.originals.of_session(first_id(NOW))
    return await storage.originals.opened(kept)


RECORD = {
    "counts.prepare": Sample(lambda s: s.counts.prepare()),
    "counts.put": Sample(lambda s: s.counts.put(COUNTED)),
    "counts.of_days": Sample(lambda s: s.counts.of_days(["day"]), lambda s: s.counts.put(COUNTED)),
    "originals.prepare": Sample(lambda s: s.originals.prepare()),
    "originals.of_session": Sample(_named, _kept),
    "originals.opened": Sample(_opened, _kept),
    "originals.between": Sample(lambda s: s.originals.between("0", "z"), _kept),
    "originals.remove": Sample(lambda s: s.originals.remove([KEPT.id]), _kept),
    "originals.remove_of": Sample(lambda s: s.originals.remove_of(first_id(NOW)), _kept),
    "catalogs.put": Sample(lambda s: s.catalogs.put(CATALOG)),
    "catalogs.get": Sample(lambda s: s.catalogs.get("revision"), lambda s: s.catalogs.put(CATALOG)),
    "positions.prepare": Sample(lambda s: s.positions.prepare()),
    "positions.keep": Sample(lambda s: s.positions.keep("siem", {"a": 3, "b": 1})),
    "positions.of": Sample(
        lambda s: s.positions.of("siem"), lambda s: s.positions.keep("siem", {"a": 3})
    ),
    "rejections.prepare": Sample(lambda s: s.rejections.prepare()),
    "rejections.put": Sample(lambda s: s.rejections.put([REJECTION])),
    "rejections.since": Sample(
        lambda s: s.rejections.since(NOW, address="192.0.2.1", status=401, limit=5),
        lambda s: s.rejections.put([REJECTION]),
    ),
}
