"""What is done about Cursor's cloud agents on the way of a request and of its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from app.storage.record.session_store import SessionStore
from app.wire.apis.cursor import CURSOR
from app.wire.registry import wire_for
from proxy.cursor.answers import CloudAnswer
from proxy.cursor.artifacts import ArtifactLink, ArtifactLinks, Readdressed
from proxy.cursor.event_ids import EventIds
from proxy.cursor.lists import AgentList, joined, query_after
from proxy.cursor.webhooks.replacing import Webhooks
from proxy.http.compression import decompressed
from proxy.http.shared_account import SharedAccount
from proxy.upstream import Upstream

if TYPE_CHECKING:
    from app.domain.connection import Connection
    from app.domain.identity import Identity
    from app.domain.record.session import RecordedRequest
    from proxy.cursor.answers import Changes
    from proxy.facts import Inquiry
    from proxy.inspection import Incoming


@dataclass(frozen=True, slots=True)
class CloudAgents:
    account: SharedAccount
    upstream: Upstream
    sessions: SessionStore
    event_ids: EventIds
    webhooks: Webhooks
    links: ArtifactLinks

    async def understood(self, incoming: Incoming) -> Incoming:
        """Return a request as Cursor understands it, its webhook replaced by ours if it has one.

        Raises BadEventId, BadRequest where it can have no webhook, StorageUnavailable.
        """
        connection, path = incoming.connection, incoming.path
        if wire_for(connection.wire, path).name != CURSOR.name:
            return incoming
        headers = self.event_ids.opened(incoming.headers, _stream(connection, path))
        incoming = replace(incoming, headers=headers)
        if incoming.method != "POST":
            return incoming
        body = incoming.body
        if incoming.coding:
            body = decompressed(incoming.coding, body, incoming.limit)
        changed = await self.webhooks.replaced(connection, incoming.identity, body)
        return incoming if changed is body else replace(incoming, body=changed, coding="")

    def outgoing(self, inquiry: Inquiry) -> RecordedRequest:
        """Return the request with what no record shows. Raises Fault."""
        if inquiry.cloud is None or inquiry.request.method != "POST":
            return inquiry.request
        return self.webhooks.outgoing(inquiry.request)

    def answer(
        self, identity: Identity, inquiry: Inquiry, credential: str, session_id: str, base_url: str
    ) -> CloudAnswer | None:
        """Return what looks at its answer; None where it is about no agents.

        `base_url` is where the caller finds the gateway.
        """
        called = inquiry.cloud
        if called is None:
            return None
        changes: Changes | None = None
        if called.what == "list" and not inquiry.connection.open_lists:
            mine = partial(self.account.held, identity, inquiry.connection)
            changes = AgentList(mine, partial(self._page_after, inquiry, credential))
        if called.what == "artifacts/download" and inquiry.connection.fetch_artifacts:
            link = partial(self._link, identity, inquiry, called.agent)
            changes = Readdressed(link, self.links, base_url)
        sign = partial(
            self.event_ids.signed, stream=_stream(inquiry.connection, inquiry.request.path)
        )
        return CloudAnswer(called, session_id, self.sessions, changes, sign)

    def _link(self, identity: Identity, inquiry: Inquiry, agent: str, url: str) -> ArtifactLink:
        request = inquiry.request
        asked = (agent, request.path, request.query, url)
        return ArtifactLink(inquiry.connection.name, identity.key, *asked, self.links.until())

    async def _page_after(self, inquiry: Inquiry, credential: str, cursor: str) -> bytes:
        request = replace(inquiry.request, query=query_after(inquiry.request.query, cursor))
        async with self.upstream.forward(inquiry.connection, request, credential) as answer:
            return await joined(answer.pieces())


def _stream(connection: Connection, path: str) -> str:
    return f"{connection.name}/{path}"
