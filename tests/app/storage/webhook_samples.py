"""A call of every method of the store of webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.webhook import Delivery, DeliveryState, Webhook
from tests.app.storage.sample import Sample
from tests.app.storage.test_mongo import ALICE, NOW

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

SOON, KEPT = NOW + timedelta(seconds=30), NOW + timedelta(days=30)
WEBHOOK = Webhook("w", "cursor", ALICE.key, b"sealed")
DELIVERY = Delivery("w:1", "w", "one", "statusChange", b"{}", NOW, KEPT)


async def _to_deliver(storage: MongoStorage) -> None:
    await storage.webhooks.take(DELIVERY)


WEBHOOKS = {
    "prepare": Sample(lambda s: s.webhooks.prepare()),
    "put": Sample(lambda s: s.webhooks.put(WEBHOOK)),
    "get": Sample(lambda s: s.webhooks.get("w"), lambda s: s.webhooks.put(WEBHOOK)),
    "seen": Sample(lambda s: s.webhooks.seen("w", "one"), _to_deliver),
    "take": Sample(lambda s: s.webhooks.take(DELIVERY)),
    "due": Sample(lambda s: s.webhooks.due(NOW, 9), _to_deliver),
    "claim": Sample(lambda s: s.webhooks.claim(DELIVERY, SOON, by="me"), _to_deliver),
    "settle": Sample(
        lambda s: s.webhooks.settle(DELIVERY.id, DeliveryState.DONE, NOW), _to_deliver
    ),
}
