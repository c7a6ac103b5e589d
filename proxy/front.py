"""What no request may be. Looked at before anything else sees the request.

The server lets through what a smuggler needs (both lengths at once, odd encodings, doubled
credentials), so it is refused here. Source for the rules: RFC 9112 §6, RFC 9110 §5.3.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

import yarl

from app.errors import BadRequest, MethodNotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterable

Headers: TypeAlias = "tuple[tuple[str, str], ...]"

_ONCE = (
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
)
_REASON = "abeyance-reason"
_REASON_LENGTH = 500
_CLIENT = "abeyance-client"
_CLIENT_NAME = re.compile(r"[A-Za-z0-9]{8,64}")
_ENCODED = "utf-8''"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_TARGET = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
# Encoded separators and dots mean one path to us and another to the upstream.
_TWO_FACED = re.compile(
    r"%(?:2e|2f|5c|25|0[0-9a-f]|1[0-9a-f]|7f|(?![0-9a-f]{2}))|//|/\.{1,2}(?:[/;]|$)|;/",
    re.IGNORECASE,
)
_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/?\[\]|-]*")
_TARGET_LENGTH = 4096
_HEADERS_BYTES = 64 * 1024


def check_front(method: str, target: str, query: str, headers: Headers) -> None:
    """Raise BadRequest for a request that we will not read any further."""
    if method not in METHODS:
        raise MethodNotAllowed(f"Use one of these methods: {', '.join(METHODS)}.")
    if len(target) > _TARGET_LENGTH or not _TARGET.fullmatch(target):
        raise BadRequest("The path is too long, or has a character that a path cannot have.")
    if _TWO_FACED.search(target):
        raise BadRequest("The path has dot segments, doubled or encoded separators; send it plain.")
    if len(query) > _TARGET_LENGTH or not _QUERY.fullmatch(query):
        raise BadRequest("The query is too long, or has a character that a query cannot have.")
    _check_headers(headers)


def one_spelling(target: str, query: str) -> tuple[str, str]:
    """Return path and query as the HTTP client will send them, so that no rule sees others."""
    url = yarl.URL(f"http://upstream{target}?{query}")
    return url.raw_path, url.raw_query_string


def _check_headers(headers: Headers) -> None:
    if sum(len(name) + len(value) for name, value in headers) > _HEADERS_BYTES:
        raise BadRequest("The headers are too large.")
    counts = Counter(name for name, _ in headers)
    doubled = [name for name in _ONCE if counts[name] > 1]
    if doubled:
        raise BadRequest(f"The header {doubled[0]!r} is sent twice.")
    if counts["content-length"] and counts["transfer-encoding"]:
        raise BadRequest("Content-Length and Transfer-Encoding are both sent; send one.")
    if header(headers, "transfer-encoding").lower() not in ("", "chunked"):
        raise BadRequest(
            "The Transfer-Encoding isn't supported; send the body as it is, or chunked."
        )


def header(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Return the first value of a header given in lower case, or an empty string."""
    return next((value.strip() for found, value in headers if found == name), "")


def stated_reason(headers: Headers) -> str:
    """Return what the caller says that the request is for; it is for people, in any language.

    What is longer than they would read is cut. Raises BadRequest where it is not UTF-8.
    """
    return decoded(header(headers, _REASON))[:_REASON_LENGTH]


def client_named(headers: Headers) -> str:
    """Return by what a program on a developer's machine asks later what it is waiting for.

    Empty where it gives no name, or one that is no such name.
    """
    name = header(headers, _CLIENT)
    return name if _CLIENT_NAME.fullmatch(name) else ""


def decoded(value: str) -> str:
    """Return what a header of ours says, in any language.

    It comes as UTF-8, or for clients that send ASCII alone as `UTF-8''F%C3%BCr` (RFC 8187 §3.2).
    Raises BadRequest for anything else.
    """
    try:
        if value.lower().startswith(_ENCODED):
            return unquote(value[len(_ENCODED) :], errors="strict").strip()
        return value.encode("latin-1").decode().strip()
    except UnicodeError:
        raise BadRequest(
            "A header that begins with “Abeyance-” is not UTF-8; send it as UTF-8."
        ) from None
