"""Calls of the stores beside sessions: what was rejected, and how far a stream has come."""

from __future__ import annotations

from datetime import timedelta

from app.domain.record.rejection import Rejection
from app.domain.record.stored_catalog import StoredCatalog
from app.ids import first_id
from tests.app.storage.sample import Sample
from tests.app.storage.test_mongo import NOW

REJECTION = Rejection(
    *(first_id(NOW), NOW, NOW + timedelta(hours=1)),
    *("192.0.2.1", 401, "not_authenticated", "no token"),
)
CATALOG = StoredCatalog("revision", (("approvers.yaml", "[]"),), NOW)
RECORD = {
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
