"""Clients' webhooks and what is on its way to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.domain.webhook import DeliveryState
from app.storage.documents import to_document
from app.storage.driver import Exists, repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.webhook import Delivery, Webhook
    from app.storage.mongo import Collection


class WebhookStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def put(self, webhook: Webhook) -> None: ...

    async def get(self, webhook_id: str) -> Webhook | None: ...

    async def seen(self, webhook_id: str, event_id: str) -> bool:
        """Whether an event of this name came before."""
        ...

    async def take(self, delivery: Delivery) -> bool:
        """Write what is to be delivered; False where the same thing was written before."""
        ...

    async def due(self, now: datetime, limit: int) -> tuple[Delivery, ...]: ...

    async def claim(self, delivery: Delivery, until: datetime, *, by: str) -> bool:
        """Take one that is due, so that no other gateway delivers it before `until`.

        `by` is a token of this one call.
        """
        ...

    async def settle(self, delivery_id: str, state: DeliveryState, due: datetime) -> None:
        """Write what became of a try: `due` is when the next one is, if there is one."""
        ...


@repeating
class MongoWebhooks:
    """A WebhookStore."""

    def __init__(self, webhooks: Collection[Webhook], deliveries: Collection[Delivery]) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    async def prepare(self) -> None:
        await self._deliveries.prepare(
            Index(("until",), expires=True),
            Index(("webhook", "event_id")),
            Index(("due",), when={"state": DeliveryState.DUE.value}),
        )

    async def put(self, webhook: Webhook) -> None:
        await self._webhooks.put(webhook.id, to_document(webhook))

    async def get(self, webhook_id: str) -> Webhook | None:
        return await self._webhooks.one({"_id": webhook_id})

    async def seen(self, webhook_id: str, event_id: str) -> bool:
        known = {"webhook": webhook_id, "event_id": event_id}
        return await self._deliveries.one(known) is not None

    async def take(self, delivery: Delivery) -> bool:
        try:
            await self._deliveries.insert(to_document(delivery))
        except Exists:
            return False
        return True

    async def due(self, now: datetime, limit: int) -> tuple[Delivery, ...]:
        waiting = {"state": DeliveryState.DUE.value, "due": {"$lte": now}}
        return await self._deliveries.find(waiting, limit=limit)

    async def claim(self, delivery: Delivery, until: datetime, *, by: str) -> bool:
        seen = {"_id": delivery.id, "due": delivery.due, "attempts": delivery.attempts}
        claimed = {"$set": {"due": until, "attempts": delivery.attempts + 1, "by": by}}
        if await self._deliveries.change(seen | {"state": DeliveryState.DUE.value}, claimed):
            return True
        return await self._deliveries.one({"_id": delivery.id, "by": by}) is not None

    async def settle(self, delivery_id: str, state: DeliveryState, due: datetime) -> None:
        # What is settled needs its text no more; its name is kept against a repetition.
        gone = {} if state is DeliveryState.DUE else {"body": b""}
        became = {"$set": {"state": state.value, "due": due, **gone}}
        await self._deliveries.change({"_id": delivery_id}, became)
