"""What Cursor tells a webhook: verified, looked at as an answer is, recorded, and passed on."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from app.domain.record.session import Decision
from app.domain.webhook import Delivery
from app.errors import BadRequest, NotAuthenticated, NotFound
from app.storage.credentials.webhooks import WebhookStore
from app.wire import strict_json
from proxy.cursor.beside import Beside
from proxy.cursor.webhooks.replacing import Webhooks
from proxy.work.answers import AnswerBody

if TYPE_CHECKING:
    from app.domain.record.original import Original
    from app.domain.webhook import Webhook
    from policies.compiled_catalog import Catalog
    from policies.matching.answer_masking import Tally
    from proxy.work.answers import Answering

KEPT = timedelta(days=30)
_JSON = "application/json"
BODY_BYTES = 256 * 1024
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One event as it came."""

    event: str
    event_id: str
    signature: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Receiving:
    store: WebhookStore
    webhooks: Webhooks
    beside: Beside

    async def take(self, webhook_id: str, told: ReceivedEvent) -> None:
        """Take an event, so that it is delivered once.

        Raises NotFound for a webhook that is none, NotAuthenticated for a wrong signature,
        BadRequest, StorageUnavailable.
        """
        webhook = await self.store.get(webhook_id)
        if webhook is None:
            raise NotFound("There is no webhook of this address.")
        self._verify(webhook, told)
        digest = hashlib.sha256(told.body).hexdigest()
        if await self.store.seen(webhook.id, told.event_id):
            return
        now = self.beside.clock.now()
        body = await self._recorded(webhook, told)
        if body is not None:
            name = f"{webhook.id}:{digest}"
            delivery = Delivery(name, webhook.id, told.event_id, told.event, body, now, now + KEPT)
            await self.store.take(delivery)

    def _verify(self, webhook: Webhook, told: ReceivedEvent) -> None:
        key = self.webhooks.secret(webhook.id).encode()
        wanted = f"sha256={hmac.new(key, told.body, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(wanted.encode(), told.signature.encode()):
            raise NotAuthenticated("The signature of this event is wrong.")
        if not told.event_id:
            raise BadRequest("An event has to have an X-Webhook-ID.")

    async def _recorded(self, webhook: Webhook, told: ReceivedEvent) -> bytes | None:
        """Mask and record it as an answer to its agent's owner; None where a rule denies it."""
        identity = await self.beside.people.get(webhook.owner)
        if identity is None:
            raise NotFound("It is no longer known who launched this agent.")
        connection = await self.beside.connections.find(webhook.connection)
        path = f"v0/agents/{_agent(told.body)}/webhook"
        begun = await self.beside.open(identity, connection, path, "", BODY_BYTES)
        recording = begun.recording
        try:
            masked, tally, originals = await asyncio.to_thread(
                _masked, begun.answering, begun.catalog, told.body
            )
            await recording.forwarding(Decision.ALLOWED)
            await recording.start_answer(HTTPStatus.OK, (("content-type", _JSON),))
            if tally.denied is None:
                await recording.chunks.sent(masked, at_once=True)
            else:
                await recording.chunks.withheld(masked)
            recording.keep(originals)
            await recording.end_answer(
                body_bytes=0 if tally.denied else len(masked),
                masked=tally.masked,
                rules=tuple(rule for rule, _ in tally.findings),
                error=f"withheld (rule {tally.denied.rule})" if tally.denied else "",
            )
        finally:
            self.beside.recorder.done(recording, "the event could not be recorded")
        return None if tally.denied else masked


class _Event(NamedTuple):
    data: bytes
    tally: Tally
    originals: tuple[Original, ...]


def _masked(answering: Answering, catalog: Catalog, body: bytes) -> _Event:
    """Return an event as it may be told, or be recorded where a rule denies it.

    Raises UpstreamUnavailable where it cannot be masked.
    """
    masker = AnswerBody(answering, _JSON, catalog)
    begun, ended = masker.feed(body), masker.finish()
    if ended.tally.denied is not None and answering.stopping:
        whole = _masked(replace(answering, stopping=False), catalog, body)
        return whole._replace(tally=replace(whole.tally, denied=ended.tally.denied))
    if ended.fault is not None:
        raise ended.fault
    return _Event((begun.data or b"") + (ended.data or b""), ended.tally, ended.originals or ())


def _agent(body: bytes) -> str:
    """Return the id of the agent that an event is about. Raises BadRequest."""
    document = strict_json.parse(body)
    agent = document.get("id") if isinstance(document, dict) else None
    if not isinstance(agent, str) or not _ID.fullmatch(agent):
        raise BadRequest("An event has to name its agent.")
    return agent
