"""The parts that stand between Cursor and clients' webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.cursor.webhooks.receiving import Receiving
from proxy.cursor.webhooks.replacing import Webhooks
from proxy.cursor.webhooks.sending import Sending
from proxy.cursor.webhooks.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.settings import Settings
    from app.storage.store import MongoStorage
    from app.vault import Vault
    from policies.compiled_catalog import Catalog
    from proxy.connections import Connections
    from proxy.record.recorder import Recorder


class WebhookParts:
    def __init__(
        self,
        settings: Settings,
        storage: MongoStorage,
        vault: Vault,
        connections: Connections,
        recorder: Recorder,
        catalog: Callable[[], Catalog],
        clock: Clock,
    ) -> None:
        store, targets = storage.webhooks, Targets(settings.webhook_private)
        vault_key = settings.vault_key.get_secret_value()
        self.webhooks = Webhooks(store, vault, vault_key, targets, settings.public_url)
        self.receiving = Receiving(
            *(store, self.webhooks, storage.people, connections, catalog, recorder, clock)
        )
        self.sending = Sending(store, self.webhooks, targets, clock)
