"""The caller's token, from wherever a client puts its key.

Each SDK has its own place: OpenAI's sends `Authorization: Bearer`, Anthropic's `x-api-key`,
Google's `x-goog-api-key` or the query `?key=`, Azure's `api-key`, Cursor's the user name of
`Authorization: Basic`. Some tools fill two of them, so all places are read: the same token twice
is one token, and two different ones are refused rather than one of them chosen.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from app.errors import BadRequest, NotAuthenticated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proxy.front import Headers

_KEY_HEADERS = ("x-api-key", "x-goog-api-key", "api-key")
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", *_KEY_HEADERS})
_QUERY_KEY = "key"


def caller_token(headers: Headers, query: str = "") -> str:
    """Return the one token of a request.

    Raises NotAuthenticated where there is none, BadRequest where there are two.
    """
    found: dict[str, str] = {}
    for place, token in _tokens(headers, query):
        found.setdefault(token, place)
    if not found:
        raise NotAuthenticated("No token: send an OIDC access token as the API key.")
    if len(found) > 1:
        raise BadRequest(
            f"Different tokens were sent as {' and as '.join(found.values())}. Send one; if a tool "
            "adds the other by itself, remove that key from its settings or environment."
        )
    return next(iter(found))


def has_token(headers: Headers) -> bool:
    """Whether a request brings a token, as programs do and browsers do not."""
    return any(_tokens(headers, ""))


def without_credentials(headers: Headers, query: str) -> tuple[Headers, str]:
    """Return what may be kept of headers and query once the caller is known."""
    kept = tuple(header for header in headers if header[0] not in _CREDENTIALS)
    return kept, "&".join(part for part in query.split("&") if not _is_key(part))


def _tokens(headers: Headers, query: str) -> Iterator[tuple[str, str]]:
    """Yield each token with its place."""
    for name, value in headers:
        if name == "authorization":
            token = _of_authorization(value)
        else:
            token = value.strip() if name in _KEY_HEADERS else ""
        if token:
            yield name, token
    for part in query.split("&"):
        token = unquote_plus(part.partition("=")[2]) if _is_key(part) else ""
        if token:
            yield f"?{_QUERY_KEY}=", token


def _is_key(part: str) -> bool:
    return unquote_plus(part.partition("=")[0]) == _QUERY_KEY


def _of_authorization(value: str) -> str:
    scheme, _, credentials = value.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            return _user_name(credentials.strip())
        case _:
            return ""


def _user_name(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
