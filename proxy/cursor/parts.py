"""The parts that are about Cursor's cloud agents, built from those of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.cursor.agents import CloudAgents
from proxy.cursor.artifact_pages import artifact_pages
from proxy.cursor.artifacts import ArtifactLinks, Fetching
from proxy.cursor.event_ids import EventIds
from proxy.cursor.webhooks.pages import webhook_pages
from proxy.cursor.webhooks.receiving import Receiving
from proxy.cursor.webhooks.replacing import Webhooks
from proxy.cursor.webhooks.sending import Sending
from proxy.cursor.webhooks.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quart import Blueprint

    from app.settings import Settings
    from app.storage.store import MongoStorage
    from app.vault import Vault
    from proxy.cursor.beside import Beside
    from proxy.http.shared_account import SharedAccount
    from proxy.upstream import Upstream


class CloudParts:
    def __init__(
        self,
        settings: Settings,
        storage: MongoStorage,
        vault: Vault,
        beside: Beside,
        account: SharedAccount,
        upstream: Upstream,
    ) -> None:
        store, targets = storage.webhooks, Targets(settings.webhook_private)
        vault_key = settings.vault_key.get_secret_value()
        webhooks = Webhooks(store, vault, vault_key, targets, settings.public_url)
        links = ArtifactLinks(vault, beside.clock)
        events = EventIds(vault_key)
        self.agents = CloudAgents(account, upstream, storage.sessions, events, webhooks, links)
        self.sending = Sending(store, webhooks, targets, beside.clock)
        self._receiving = Receiving(store, webhooks, beside)
        self._fetching = Fetching(links, account, beside)

    def blueprints(self) -> Iterator[Blueprint]:
        """Yield the routes of our own."""
        yield webhook_pages(self._receiving, self.sending.wake)
        yield artifact_pages(self._fetching)
