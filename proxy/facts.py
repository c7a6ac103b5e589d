"""A request as it came to the facts that rules decide on, and to what will be forwarded."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from app.audit.digests import request_digest
from app.domain.connection import Connection
from app.domain.hold import asker
from app.domain.hook import Hook
from app.domain.record.original import Original
from app.domain.record.session import RecordedRequest
from app.domain.record.session_facts import Conversation, History, Origin
from app.domain.segment import Facts, Role, Segment
from app.domain.tool_call import HeldCall
from app.errors import NotFound, Reason, Refused
from app.wire import media, strict_json
from app.wire.apis.cursor import CURSOR
from app.wire.apis.mcp import MCP
from app.wire.base import WireFormat
from app.wire.cursor_agents import Called, called
from app.wire.mcp.asks import without_capabilities
from app.wire.mcp.links import linkable, without_answer
from app.wire.mcp.requests import NO_MCP, McpRequest, read_request
from app.wire.registry import TELLING, asks_chat_in_responses, call_kind, only_counts, wire_for
from app.wire.request import multipart
from app.wire.request.body import NOTHING, Body, parse_body
from app.wire.request.responses_as_chat import as_chat
from policies.matching.known import NOTHING_KNOWN, Known
from policies.mcp.offers import denied_asks
from proxy.front import Headers, header
from proxy.http.account_ids import AccountUse, account_use
from proxy.http.headers import forwarded, of_a_retry, without_per_attempt
from proxy.http.models import models_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.identity import Identity
    from app.wire.base import WireFormat


_TYPE = "content-type"
_MODEL_IN_PATH = re.compile(r"(?:^|/)(?:models?|deployments)/([^/:]+)")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A request that was read: what it asks for, and the very bytes that may be forwarded."""

    connection: Connection
    body: Body
    facts: Facts
    request: RecordedRequest
    members: frozenset[str]
    """The names at the top of the body that tell its wire format."""
    calls: tuple[str | int, ...]
    """The ids of the JSON-RPC calls in the body."""
    cancels: tuple[str | int, ...]
    """The ids of calls that its sender takes back."""
    use: AccountUse
    mcp: McpRequest = NO_MCP
    tool_call: HeldCall | None = None
    """The tool call that it is, where it is one of MCP."""
    has_tools: bool = False
    """Whether the model may call tools, as in the work of an agent."""
    models: frozenset[str] = frozenset()
    """Every model that the request names, wherever an API reads one."""
    sameness: str = ""
    """The digest, in hex, by which a retry is known though its JSON is ordered otherwise, and
    though it asks for a stream, or not. Only where people may be asked about it."""
    hook: Hook | None = None
    """The hook that asks, where it is no request to a model."""
    kind: str = ""
    """The kind of the model call that a hook asks ahead of."""
    origin: Origin | None = None
    conversation: Conversation | None = None
    history: History | None = None
    """Only where nothing names the conversation."""
    received: str = ""
    """As in `RequestHead`."""
    known: Known = NOTHING_KNOWN
    """The values that were masked in it, which its answer must not show either."""
    originals: tuple[Original, ...] = ()
    """Of those, what rules keep sealed."""

    @property
    def reason(self) -> str:
        """What its sender says that it is for, with secrets masked."""
        return self.origin.reason if self.origin else ""

    @property
    def wire(self) -> WireFormat:
        request = self.request
        return wire_for(self.connection.wire, request.path, self.members)

    def without_texts(self) -> Inquiry:
        """Return what is needed once it is decided: the bytes to forward, and small facts."""
        return replace(self, body=NOTHING, facts=self.facts.without_texts())

    @property
    def cloud(self) -> Called | None:
        """What it asks of Cursor's cloud agents, if it does."""
        if self.wire.name != CURSOR.name:
            return None
        return called(self.request.method, self.request.path)

    @property
    def call(self) -> str:
        """The kind of call, within which approvals and denials stay."""
        return self.kind or call_kind(self.wire, self.request.method, self.request.path)

    @property
    def only_counts(self) -> bool:
        """Whether the tokens of the prompt are counted and nothing is done with it."""
        return only_counts(self.wire, self.request.method, self.request.path)

    def asker(self, identity: Identity) -> str:
        return asker(identity.key, self.connection.name, self.call)

    def named(self) -> Inquiry:
        """Return the inquiry with its `sameness`, which takes another look at its body."""
        request = self.request
        body, headers = request.body, of_a_retry(request.headers)
        label = header(headers, _TYPE)
        if self.body.is_json:
            value = self.body.json if body is self.body.raw else strict_json.parse(body)
            if isinstance(value, dict):
                value = {k: v for k, v in value.items() if k not in self.wire.per_attempt}
            body = strict_json.canonical(value)
        elif multipart.boundary(label):
            body = multipart.canonical(body, label)
            shown = multipart.without_boundary
            headers = tuple((n, shown(v) if n == _TYPE else v) for n, v in headers)
        same = replace(request, body=body, headers=headers)
        return replace(self, sameness=_digest(self.connection, same))

    def showing(self, mask: Callable[[str], str]) -> Inquiry:
        """Return the inquiry with the model's name fit to be shown: a caller may write anything."""
        prompt = replace(self.facts.prompt, model=mask(self.facts.prompt.model))
        return replace(self, facts=replace(self.facts, prompt=prompt))

    def masked(self, mask: Callable[[str], str]) -> Inquiry:
        """Return the inquiry with every text of its body masked, and with another digest.

        Raises Refused where something has to be masked that is not in the body: an address or a
        header with a hole in it would ask for something else.
        """
        for segment in _beside(self.request.path, self.request.query, self.request.headers):
            if mask(segment.text) != segment.text:
                raise Refused(
                    Reason.POLICY_DENIED,
                    f"There is a secret in the {segment.place} of this request. Send it in the "
                    "body, where it can be masked, or leave it out.",
                )
        raw = self.body.rewritten(self.wire, mask)
        request = self.request
        return replace(
            self,
            request=recorded_request(
                self.connection, request.method, request.path, request.query, request.headers, raw
            ),
        )


def split_target(target: str) -> tuple[str, str]:
    """Return connection and path of `/{connection}/{path}`. Raises NotFound."""
    name, slash, path = target.removeprefix("/").partition("/")
    if not name or not slash:
        raise NotFound("The path must be /{connection}/{path of the API}, such as /openai/v1/…")
    return name, path


def read_inquiry(
    connection: Connection, method: str, path: str, query: str, headers: Headers, raw: bytes
) -> Inquiry:
    """Find what a request says. Raises BadRequest where it cannot be read."""
    body = _in_chat(connection, path, parse_body(header(headers, "content-type"), raw))
    members = body.members & TELLING
    wire = wire_for(connection.wire, path, members)
    body = body.mended(wire)
    asked = linkable(body.json) if wire.name == MCP.name else None
    if wire.name == MCP.name:
        body = _not_to_be_asked(body, connection)
    sent_on = forwarded(headers, wire.name)
    prompt = body.prompt(wire)
    prompt = replace(
        prompt,
        model=prompt.model or _model_of(path),
        segments=(*prompt.segments, *_beside(path, query, sent_on)),
    )
    mcp = read_request(body, sent_on) if wire.name == MCP.name else NO_MCP
    mcp = replace(mcp, linkable=asked)
    if mcp.progress_token is not None and media.STREAM in header(headers, "accept"):
        prompt = replace(prompt, streamed=True)
    facts = Facts(connection.name, method, path, query, prompt, len(body.raw))
    request = recorded_request(connection, method, path, query, sent_on, body.raw)
    use = account_use(connection, path, body.json)
    return Inquiry(
        *(connection, body, facts, request, members, body.calls, body.cancels, use),
        mcp=mcp,
        has_tools=_has_tools(body),
        models=models_named(path, query, body.json) | {prompt.model},
    )


def _in_chat(connection: Connection, path: str, body: Body) -> Body:
    """Return the body in the words of the API that is asked."""
    asks = asks_chat_in_responses(connection.wire, path, body.members)
    if not asks or not isinstance(body.json, dict):
        return body
    value = as_chat(body.json)
    return Body(strict_json.dump(value), json=value)


def _not_to_be_asked(body: Body, connection: Connection) -> Body:
    """Return the body without what the server may not ask of its client, or has not asked."""
    value = without_capabilities(without_answer(body.json), denied_asks(connection))
    return body if value is body.json else Body(strict_json.dump(value), json=value)


def _has_tools(body: Body) -> bool:
    return isinstance(body.json, dict) and bool(body.json.get("tools"))


def _model_of(path: str) -> str:
    """Return the model that an address names, where the body names none: as Gemini's does."""
    found = _MODEL_IN_PATH.search(path)
    return unquote(found[1]) if found else ""


def _beside(path: str, query: str, headers: Headers) -> tuple[Segment, ...]:
    """Return what goes upstream beside the body, as text that rules read too."""
    texts = [("path", unquote(path)), ("query", unquote_plus(query))]
    texts += [(f"header {name}", value) for name, value in without_per_attempt(headers)]
    return tuple(Segment(text, Role.OTHER, place) for place, text in texts if text)


def recorded_request(
    connection: Connection, method: str, path: str, query: str, headers: Headers, raw: bytes
) -> RecordedRequest:
    """Return a request as it is recorded, with its digest."""
    request = RecordedRequest(method, path, query, tuple(sorted(headers)), raw, "")
    return replace(request, digest=_digest(connection, request))


def _digest(connection: Connection, request: RecordedRequest) -> str:
    head = digested_head(connection.name, request)
    return request_digest(head, request.body)


def digested_head(connection: str, request: RecordedRequest) -> tuple[str, ...]:
    """Return what the digest of a request covers beside its body, in order."""
    headers = (f"{name}:{value}" for name, value in without_per_attempt(request.headers))
    return (connection, request.method, request.path, request.query, *headers)
