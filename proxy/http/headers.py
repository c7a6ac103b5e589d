"""Which headers go on to the model API, and which of its own come back.

Two tables. What neither names ends here: credentials, cookies, and what concerns one hop. A name
ends in `*` where the provider asks for an open list; the first row that fits a header counts.

A header that changes with each attempt of one request (a retry's number, a client's own request id)
is forwarded and recorded. It is not part of the digest that a retry is recognised by, and no rule
reads it, so its value must look like an id or a number, or it is dropped. One that changes with the
version of a client, which may update itself while a request waits, is not part of that digest
either. It is free text, so rules read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proxy.front import Headers

_ANTHROPIC = ("anthropic",)
_OPENAI = ("openai_chat", "openai_responses", "openai_completions", "openai_embeddings")
_GEMINI = ("gemini",)
_MCP = ("mcp",)
_UNKNOWN = "plain"
"""The format of paths that no table knows, such as lists of models: every row is for it."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A request header, with the wire formats it is for; none means all of them."""

    name: str
    why: str
    wires: tuple[str, ...] = ()
    per_attempt: bool = False
    per_version: bool = False

    def is_for(self, wire: str) -> bool:
        return not self.wires or wire == _UNKNOWN or wire in self.wires


@dataclass(frozen=True, slots=True)
class Returned:
    """A header of an answer."""

    name: str
    why: str


FORWARDED = (
    Forwarded("accept", "which forms of an answer the client reads"),
    Forwarded("content-type", "how the body is to be read"),
    Forwarded("idempotency-key", "as an HMAC with the caller", per_attempt=True),
    Forwarded("last-event-id", "where a stream that broke off is resumed"),
    Forwarded("user-agent", "tells clients apart; ours is appended", per_version=True),
    Forwarded("x-client-request-id", "the client's id in the provider's logs", per_attempt=True),
    Forwarded("x-stainless-helper-method", "differs in a retry without stream", per_attempt=True),
    Forwarded("x-stainless-read-timeout", "differs in a retry without stream", per_attempt=True),
    Forwarded("x-stainless-retry-count", "the number of the attempt", per_attempt=True),
    Forwarded("x-stainless-timeout", "differs in a retry without stream", per_attempt=True),
    Forwarded("x-stainless-*", "version and platform of an SDK", per_version=True),
    Forwarded("anthropic-*", "versions and betas; the provider asks for an open list", _ANTHROPIC),
    Forwarded("x-claude-code-*", "which conversation; the provider asks for it", _ANTHROPIC),
    Forwarded("x-app", "which program of Anthropic's", _ANTHROPIC),
    Forwarded("openai-beta", "which betas the client speaks", _OPENAI),
    Forwarded("openai-organization", "which of the account's organizations pays", _OPENAI),
    Forwarded("openai-project", "which of the account's projects pays", _OPENAI),
    Forwarded("originator", "which program of OpenAI's", _OPENAI),
    Forwarded("session-id", "keeps a conversation near its prompt cache", _OPENAI),
    Forwarded("thread-id", "keeps a conversation near its prompt cache", _OPENAI),
    Forwarded("x-codex-*", "what Codex tells its provider of a turn", _OPENAI),
    Forwarded("x-goog-api-client", "version and platform of an SDK", _GEMINI, per_version=True),
    Forwarded("x-server-timeout", "how long Google's servers may take", _GEMINI),
    Forwarded("mcp-*", "session, version, and what is called, repeated from the body", _MCP),
)

RETURNED = (
    Returned("cache-control", "whether an answer may be kept"),
    Returned("content-disposition", "the name of a file"),
    Returned("content-type", "how the body is to be read"),
    Returned("etag", "the version of a file or a list"),
    Returned("mcp-*", "the session that the client has to name from now on"),
    Returned("request-id", "Anthropic's id of the request, for its support"),
    Returned("retry-after", "when to come again"),
    Returned("retry-after-ms", "when to come again, which SDKs prefer"),
    Returned("server-timing", "where the provider's time went"),
    Returned("x-request-id", "OpenAI's id of the request, for its support"),
    Returned("x-should-retry", "whether a retry helps, which SDKs obey"),
    Returned("anthropic-organization-id", "which account answered"),
    Returned("anthropic-ratelimit-*", "what is left of a rate limit"),
    Returned("openai-*", "version, organization and time of processing"),
    Returned("x-codex-*", "what Codex has to send with the rest of its turn"),
    Returned("x-ratelimit-*", "what is left of a rate limit"),
)

_EXACT = {row.name: row for row in FORWARDED if not row.name.endswith("*")}
_OPEN = tuple(row for row in FORWARDED if row.name.endswith("*"))
_BACK = frozenset(row.name for row in RETURNED if not row.name.endswith("*"))
_BACK_OPEN = tuple(row.name[:-1] for row in RETURNED if row.name.endswith("*"))
_ID_OR_NUMBER = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")


def forwarded(headers: Headers, wire: str) -> Headers:
    """Return what goes on to the model API, for a wire format.

    Raises BadRequest where a value cannot be in a header, and where `Connection` calls one of them
    a matter between caller and gateway: the next proxy would drop what was checked (RFC 9110
    §7.6.1).
    """
    found = tuple(_forwarded(headers, wire))
    hop = {
        named.strip().lower()
        for name, value in headers
        if name == "connection"
        for named in value.split(",")
    }
    if refused := hop.intersection(name for name, _ in found):
        raise BadRequest(f"Connection names the header {min(refused)!r}, which goes on from here.")
    return found


def without_per_attempt(headers: Headers) -> Headers:
    """Return the headers that are the same in each attempt of one request."""
    return tuple(header for header in headers if not _is_per_attempt(header[0]))


def of_a_retry(headers: Headers) -> Headers:
    """Return the headers by which a retry is recognised."""
    rows = ((header, _row(header[0])) for header in without_per_attempt(headers))
    return tuple(header for header, row in rows if row is None or not row.per_version)


def is_returned(name: str) -> bool:
    """Whether a header of an answer, in lower case, goes back to the caller."""
    return name in _BACK or name.startswith(_BACK_OPEN)


def _forwarded(headers: Headers, wire: str) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        row = _row(name)
        if row is None or not row.is_for(wire):
            continue
        if row.per_attempt:
            if _ID_OR_NUMBER.fullmatch(value):
                yield name, value
            continue
        if not (value.isascii() and value.isprintable()):
            raise BadRequest(f"The header {name!r} has a character that a header cannot have.")
        yield name, value


def _row(name: str) -> Forwarded | None:
    # A server may take `x_y` for `x-y`, so a name with an underscore stays with us.
    if "_" in name:
        return None
    return _EXACT.get(name) or next((row for row in _OPEN if name.startswith(row.name[:-1])), None)


def _is_per_attempt(name: str) -> bool:
    row = _row(name)
    return row is not None and row.per_attempt
