"""What of a request and of an answer goes on, and what a request must be. Pure."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Headers: TypeAlias = "tuple[tuple[str, str], ...]"

_KEY_HEADERS = frozenset({"x-api-key", "x-goog-api-key", "api-key"})
_CREDENTIALS = _KEY_HEADERS | {"authorization", "cookie", "proxy-authorization"}
# RFC 9110 §7.6.1, and what only the next server is told.
_OF_ONE_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "expect", "host"),
    }
)
CONVERSATIONS = frozenset(
    {
        *("abeyance-conversation", "x-claude-code-session-id", "session-id", "session_id"),
        *("conversation_id", "thread-id", "x-session-affinity", "mcp-session-id"),
    }
)
"""By which clients tell one conversation from another, as the gateway knows them."""
_QUERY_KEY = "key"
# A proxy before the gateway may take one path for another, and lead to pages of the gateway's own.
_TWO_FACED = re.compile(
    r"%(?:2e|2f|5c|25|0[0-9a-f]|1[0-9a-f]|7f)|//|/\.{1,2}(?:[/;]|$)|;/|[\\#]", re.IGNORECASE
)


def has_key(headers: Headers, query: str, key: str) -> bool:
    """Whether a request brings the key, wherever tools put one."""
    expected = key.encode()
    # All are compared, so that the time does not tell which place came near.
    fits = [hmac.compare_digest(said.encode(), expected) for said in _keys(headers, query)]
    return any(fits)


def connection_of(path: str) -> str:
    """Return the first part of a path; empty where the path is no plain one."""
    name, slash, _ = path.removeprefix("/").partition("/")
    return name if path.startswith("/") and slash and not _TWO_FACED.search(path) else ""


def is_websocket(headers: Headers) -> bool:
    return any(name == "upgrade" and said.lower() == "websocket" for name, said in headers)


def going(headers: Headers, ours: Headers) -> Headers:
    """Return a request's headers for the gateway, with ours in the place of its own.

    Of a conversation the tool's own name counts, where it gives one.
    """
    names = {name for name, _ in headers}
    if names & CONVERSATIONS:
        ours = tuple(header for header in ours if header[0] not in CONVERSATIONS)
    left_out = _CREDENTIALS | {name for name, _ in ours}
    return (*(header for header in _end_to_end(headers) if header[0] not in left_out), *ours)


def coming(headers: Headers) -> Headers:
    """Return an answer's headers for the tool."""
    return tuple(_end_to_end(headers))


def without_key(query: str) -> str:
    """Return a query without the key that some SDKs put there."""
    return "&".join(part for part in query.split("&") if not _is_key(part))


def _end_to_end(headers: Headers) -> Iterator[tuple[str, str]]:
    named = {
        word.strip().lower()
        for name, value in headers
        if name == "connection"
        for word in value.split(",")
    }
    for name, value in headers:
        if name not in _OF_ONE_HOP and name not in named:
            yield name, value


def _keys(headers: Headers, query: str) -> Iterable[str]:
    for name, value in headers:
        if name in _KEY_HEADERS:
            yield value.strip()
        elif name == "authorization":
            scheme, _, credentials = value.strip().partition(" ")
            yield _user(credentials) if scheme.lower() == "basic" else credentials.strip()
    for part in query.split("&"):
        if _is_key(part):
            yield unquote_plus(part.partition("=")[2])


def _is_key(part: str) -> bool:
    return unquote_plus(part.partition("=")[0]) == _QUERY_KEY


def _user(credentials: str) -> str:
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
