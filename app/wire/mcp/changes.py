"""A tool call that goes out otherwise than its client made it, and how its result says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import BadRequest
from app.wire import strict_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.wire.base import Json


_ASKS = frozenset({"inputRequests", "requestState"})
"""The names by which a result asks for input first, in the revision of 2026-07-28."""


def with_arguments(body: bytes, arguments: str) -> bytes:
    """Return the request of one call with other arguments, and all else as it was.

    Raises BadRequest where either is not what it should be.
    """
    message, given = strict_json.parse(body), strict_json.parse(arguments.encode())
    params = message.get("params") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(params, dict) or not isinstance(given, dict):
        raise BadRequest("Arguments of a tool call over MCP have to be a JSON object.")
    return strict_json.dump({**message, "params": {**params, "arguments": given}})


def with_note(value: Json, calls: Iterable[str | int], note: str) -> Json:
    """Return a server's messages with a note at the beginning of the results of some calls.

    `calls` are their ids. The same object where none of them is answered, or where a result asks
    for input first: it is none yet, and has no place for a text.
    """
    ids = {_ident(call) for call in calls}
    if not isinstance(value, list):
        return _noted(value, ids, note)
    noted = [_noted(message, ids, note) for message in value]
    return noted if any(a is not b for a, b in zip(noted, value, strict=True)) else value


def _noted(message: Json, ids: set[str], note: str) -> Json:
    if not isinstance(message, dict) or _ident(message.get("id")) not in ids:
        return message
    result, error = message.get("result"), message.get("error")
    if isinstance(error, dict):
        said = error.get("message")
        told = f"{note}\n{said}" if isinstance(said, str) else note
        return {**message, "error": {**error, "message": told}}
    if not isinstance(result, dict) or not _ASKS.isdisjoint(result):
        return message
    content = result.get("content")
    first: Json = {"type": "text", "text": note}
    left = content if isinstance(content, list) else []
    return {**message, "result": {**result, "content": [first, *left]}}


def _ident(ident: Json) -> str:
    """Return an id as it is compared: 1 is not "1"."""
    return repr(ident)
