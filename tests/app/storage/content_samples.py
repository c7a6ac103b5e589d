"""Samples of what keeps and ends content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.record.legal_hold import HoldScope, LegalHold
from app.sealing.master import Wrapped
from tests.app.storage.sample import Sample
from tests.app.storage.test_mongo import NOW
from tests.sealing import WRAPPED

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


async def _key(storage: MongoStorage) -> None:
    await storage.keys.put(WRAPPED)


async def _hold(storage: MongoStorage) -> None:
    await storage.legal_holds.put(HOLD)


HOLD = LegalHold("session:s", HoldScope.SESSION, "s", "a dispute", "jo", NOW)
LEGAL_HOLDS = {
    "put": Sample(lambda s: s.legal_holds.put(HOLD)),
    "remove": Sample(lambda s: s.legal_holds.remove(HOLD.id), _hold),
    "all": Sample(lambda s: s.legal_holds.all(), _hold),
}
KEYS = {
    "prepare": Sample(lambda s: s.keys.prepare()),
    "put": Sample(lambda s: s.keys.put(WRAPPED)),
    "get_many": Sample(lambda s: s.keys.get_many([WRAPPED.id, "none"]), _key),
    "of_person": Sample(lambda s: s.keys.of_person(WRAPPED.person), _key),
    "under": Sample(lambda s: s.keys.under(["test"], limit=9), _key),
    "under_others": Sample(lambda s: s.keys.under_others(["new"], limit=9), _key),
    "count_under_others": Sample(lambda s: s.keys.count_under_others(["new"]), _key),
    "retire": Sample(lambda s: s.keys.retire(WRAPPED.id, NOW), _key),
    "destroy": Sample(lambda s: s.keys.destroy(WRAPPED.id, "erased"), _key),
    "rewrap": Sample(lambda s: s.keys.rewrap(WRAPPED, Wrapped("new", b"wrapped")), _key),
}
