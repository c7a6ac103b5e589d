"""What is noted of callers, and what of it ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient

from tests.app.storage.test_mongo import NOW

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


async def test_a_cancelled_call_has_an_end_and_an_id_has_none(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    await storage.receipts.note(["file"], NOW)
    await storage.receipts.renew(["call"], NOW)
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, tz_aware=True)
    rows = client[database_name]["receipts"]
    ends = {row["_id"]: row.get("until") for row in rows.find()}
    indexes = rows.index_information().values()
    client.close()
    assert ends == {"file": None, "call": NOW + timedelta(days=30)}
    assert {"until": 0} in [
        {field: index.get("expireAfterSeconds") for field, _ in index["key"]} for index in indexes
    ]
