"""A launch's webhook, replaced by one of ours.

What is recorded and decided on says where the client's events go (`for`), and shows no secret. What
goes out has our secret, and no word of the client's address:

    {"url": "https://gateway/-/cursor/webhooks/1f…", "secret": "", "for": "https://client/hook"}
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.webhook import Webhook
from app.errors import BadRequest, Fault
from app.keys import derived_key
from app.wire import strict_json

if TYPE_CHECKING:
    from app.domain.connection import Connection
    from app.domain.identity import Identity
    from app.domain.record.session import RecordedRequest
    from app.storage.credentials.webhooks import WebhookStore
    from app.vault import Vault
    from app.wire.base import Json
    from proxy.cursor.webhooks.targets import Targets

PATH = "/-/cursor/webhooks/"
_MEMBER = "webhook"
_ID_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class ClientEndpoint:
    """Where a client wants its events, and what they are signed with; it may want no signature."""

    url: str
    secret: str


class Webhooks:
    def __init__(
        self,
        store: WebhookStore,
        vault: Vault,
        vault_key: str,
        targets: Targets,
        public_url: str,
    ) -> None:
        self._store = store
        self._vault = vault
        self._ids = derived_key(vault_key, "abeyance ids of webhooks")
        self._secrets = derived_key(vault_key, "abeyance secrets of webhooks")
        self._targets = targets
        self._base = f"{public_url.rstrip('/')}{PATH}" if public_url else ""

    async def replaced(self, connection: Connection, identity: Identity, body: bytes) -> bytes:
        """Return a launch with a webhook of ours in place of the client's, if it has one.

        Raises BadRequest where it cannot have one, StorageUnavailable.
        """
        if _MEMBER.encode() not in body and b"\\u" not in body:
            return body
        launch = strict_json.parse(body)
        if not isinstance(launch, dict) or launch.get(_MEMBER) is None:
            return body
        client = _client_of(launch[_MEMBER])
        if not self._base:
            raise BadRequest(
                "Webhooks go through this gateway, and it has no address that Cursor could call. "
                "An administrator sets ABEYANCE_PUBLIC_URL; or leave the webhook out, and read the "
                "agent's status."
            )
        await self._targets.check(client.url)
        # The same webhook has the same id, so that a retry is the same request.
        parts = json.dumps([connection.name, identity.key, client.url, client.secret])
        webhook_id = hmac.digest(self._ids, parts.encode(), "sha256").hex()[:_ID_CHARACTERS]
        sealed = self._vault.seal(_place(webhook_id), json.dumps([client.url, client.secret]))
        await self._store.put(Webhook(webhook_id, connection.name, identity.key, sealed))
        ours: Json = {"url": self._base + webhook_id, "secret": "", "for": client.url}
        return strict_json.dump({**launch, _MEMBER: ours})

    def outgoing(self, request: RecordedRequest) -> RecordedRequest:
        """Return a launch as it goes out. Raises Fault where its webhook is not ours."""
        if _MEMBER.encode() not in request.body:
            return request
        launch = strict_json.parse(request.body)
        if not isinstance(launch, dict) or launch.get(_MEMBER) is None:
            return request
        found = launch[_MEMBER]
        url = found.get("url") if isinstance(found, dict) else None
        if not isinstance(url, str) or not self._base or not url.startswith(self._base):
            raise Fault("The webhook of this launch is not the gateway's own.")
        ours: Json = {"url": url, "secret": self.secret(url.removeprefix(self._base))}
        return replace(request, body=strict_json.dump({**launch, _MEMBER: ours}))

    def secret(self, webhook_id: str) -> str:
        """Return what Cursor signs the events of a webhook with."""
        return hmac.digest(self._secrets, webhook_id.encode(), "sha256").hex()

    def client(self, webhook: Webhook) -> ClientEndpoint:
        """Return whose place it has. Raises BadSettings where the vault's key is another."""
        url, secret = json.loads(self._vault.open(_place(webhook.id), webhook.sealed))
        return ClientEndpoint(url, secret)


def _client_of(webhook: Json) -> ClientEndpoint:
    url = webhook.get("url") if isinstance(webhook, dict) else None
    secret = webhook.get("secret", "") if isinstance(webhook, dict) else None
    if not isinstance(url, str) or not (secret is None or isinstance(secret, str)):
        raise BadRequest("The webhook of this launch has to have a 'url', and a 'secret' of text.")
    return ClientEndpoint(url, secret or "")


def _place(webhook_id: str) -> str:
    return f"webhook {webhook_id}"
