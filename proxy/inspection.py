"""What the catalog makes of a request: a pure function of bytes, who sends them, and when."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.connection import Connection
from app.domain.identity import Identity
from app.domain.verdict import Action, Verdict
from app.errors import AbeyanceError
from policies.decide import examine, with_rule
from policies.mcp.offers import not_offered
from policies.passages.names import UNKEYED, PassageNames
from proxy.facts import Inquiry, read_inquiry
from proxy.front import Headers
from proxy.http.compression import decompressed
from proxy.mcp.calls import with_call
from proxy.record.conversations import conversation_of
from proxy.record.histories import history_of

if TYPE_CHECKING:
    from datetime import datetime

    from policies.compiled_catalog import Catalog


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came, and who sends it. `path` is the upstream's."""

    connection: Connection
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    identity: Identity
    coding: str = ""
    """How the body is compressed, if it is."""
    names: PassageNames = UNKEYED
    """What names the passages that people decide on."""
    limit: int = sys.maxsize
    """Of the bytes of the body once it is not compressed any more."""

    @property
    def size(self) -> int:
        """How many bytes there may be to look at."""
        return self.limit if self.coding else len(self.body)

    def digest(self) -> str:
        """Return the keyed digest by which the record names the request as it came."""
        head = (self.connection.name, self.method, self.path, self.query)
        return self.names.of_request(head, self.body)


@dataclass(frozen=True, slots=True)
class InspectedRequest:
    """A request that was read, decided on and masked, without its texts.

    Nor does it have a body that is forwarded as it came: `whole` puts that in its place.
    """

    inquiry: Inquiry
    verdict: Verdict
    as_it_came: bool
    fault: AbeyanceError | None = None
    """Why it cannot be forwarded masked, where it has to be."""

    @property
    def found_nothing(self) -> bool:
        """Whether no rule fired, and so nothing was changed."""
        return self.as_it_came and not self.verdict.fired

    def whole(self, incoming: Incoming) -> Inquiry:
        if not self.as_it_came:
            return self.inquiry
        return replace(self.inquiry, request=replace(self.inquiry.request, body=incoming.body))


def inspect(incoming: Incoming, now: datetime, catalog: Catalog) -> InspectedRequest:
    """Return what may be forwarded, and shown. Raises BadRequest where it cannot be read."""
    body = decompressed(incoming.coding, incoming.body, incoming.limit)
    inquiry = read_inquiry(
        incoming.connection, incoming.method, incoming.path, incoming.query, incoming.headers, body
    )
    verdict, mask = examine(inquiry.facts, incoming.identity, catalog, now, incoming.names)
    if refused := not_offered(incoming.connection, inquiry.mcp.tools):
        verdict = with_rule(verdict, refused)
    fault: AbeyanceError | None = None
    try:
        if mask is not None:
            segments = inquiry.facts.prompt.segments
            inquiry = replace(inquiry.masked(mask), known=mask.known)
            originals = mask.originals.found(segments, catalog.mask_name)
            inquiry = replace(inquiry, originals=originals)
        inquiry = inquiry.showing(catalog.mask_name)
    except AbeyanceError as error:
        fault = error
    conversation = conversation_of(
        incoming.headers,
        inquiry.body.json,
        incoming.identity,
        incoming.names,
        catalog.mask_name,
        inquiry.cloud.agent if inquiry.cloud else "",
    )
    inquiry = replace(inquiry, conversation=conversation)
    if conversation is None:
        asker = inquiry.asker(incoming.identity)
        history = history_of(inquiry.body.json, asker, incoming.names)
        inquiry = replace(inquiry, history=history)
    if verdict.action is Action.HOLD or inquiry.mcp.tools:
        inquiry = inquiry.named()
    inquiry = with_call(inquiry, incoming.identity, now, catalog)
    request = inquiry.request
    as_it_came = request.body is incoming.body
    if as_it_came:
        inquiry = replace(inquiry, request=replace(request, body=b""))
    else:
        inquiry = replace(inquiry, received=incoming.digest())
    return InspectedRequest(inquiry.without_texts(), verdict, as_it_came, fault)
