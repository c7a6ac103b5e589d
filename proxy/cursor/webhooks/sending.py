"""Delivers events to clients' webhooks, again with growing pauses where one is not taken."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
import structlog

from app.domain.webhook import DeliveryState
from app.errors import AbeyanceError, StorageUnavailable

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.webhook import Delivery
    from app.storage.credentials.webhooks import WebhookStore
    from proxy.cursor.webhooks.replacing import Webhooks
    from proxy.cursor.webhooks.targets import Targets

_LOOK_SECONDS = 5.0
_AT_ONCE = 20
_TRYING = timedelta(minutes=1)
"""For so long a delivery under way is no other gateway's."""
_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 10, 60, 600, 3600, 6 * 3600))
_log = structlog.get_logger(__name__)


class Sending:
    """`run` must be a task of the process."""

    def __init__(
        self, store: WebhookStore, webhooks: Webhooks, targets: Targets, clock: Clock
    ) -> None:
        self._store = store
        self._webhooks = webhooks
        self._targets = targets
        self._clock = clock
        self._waked = asyncio.Event()

    def wake(self) -> None:
        """Look at once for what is due."""
        self._waked.set()

    async def run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._waked.wait()
            self._waked.clear()
            with suppress(StorageUnavailable):
                await self._deliver_due()

    async def _deliver_due(self) -> None:
        due = await self._store.due(self._clock.now(), _AT_ONCE)
        await asyncio.gather(*(self._deliver(delivery) for delivery in due))

    async def _deliver(self, delivery: Delivery) -> None:
        now = self._clock.now()
        if not await self._store.claim(delivery, now + _TRYING, by=secrets.token_hex(8)):
            return None
        fault = await self._tried(delivery)
        if not fault:
            return await self._store.settle(delivery.id, DeliveryState.DONE, now)
        if delivery.attempts >= len(_PAUSES):
            _log.warning("webhook given up", webhook=delivery.webhook, reason=fault)
            return await self._store.settle(delivery.id, DeliveryState.GIVEN_UP, now)
        due = self._clock.now() + _PAUSES[delivery.attempts]
        return await self._store.settle(delivery.id, DeliveryState.DUE, due)

    async def _tried(self, delivery: Delivery) -> str:
        """Return why a delivery was not taken; empty where it was."""
        webhook = await self._store.get(delivery.webhook)
        if webhook is None:
            return "the webhook is gone"
        try:
            client = self._webhooks.client(webhook)
            headers = _headers(delivery, client.secret)
            status = await self._targets.post(client.url, delivery.body, headers)
        except (aiohttp.ClientError, OSError, TimeoutError, AbeyanceError) as error:
            return type(error).__name__
        good = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        return "" if good else f"status {status}"


def _headers(delivery: Delivery, secret: str) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Cursor-Agent-Webhook/1.0 abeyance",
        "X-Webhook-Event": delivery.event,
        "X-Webhook-ID": delivery.event_id,
    }
    if secret:
        signature = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
        headers["X-Webhook-Signature"] = f"sha256={signature}"
    return headers
