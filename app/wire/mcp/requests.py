"""What a request of MCP calls, and how it can be told that it is waiting."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.wire.base import Json
    from app.wire.request.body import Body

_CALL = "tools/call"
_NAME_HEADER = "mcp-name"
_METHOD_HEADER = "mcp-method"
_ENCODED, _ENCODED_END = "=?base64?", "?="

Headers: TypeAlias = "Iterable[tuple[str, str]]"


@dataclass(frozen=True, slots=True)
class McpRequest:
    """`tools` are the names of the tools that it calls.

    An empty one stands for a call without a name, and for a body that cannot be read.
    """

    tools: tuple[str, ...] = ()
    progress_token: str | int | None = None
    """By which its client takes notifications of progress, where it is one call and asks for
    them."""
    linkable: str | int | None = None
    """The id of the one call, where its client can be asked to open a page and then calls again."""


NO_MCP = McpRequest()


def read_request(body: Body, headers: Headers) -> McpRequest:
    """Read a body and what its headers repeat of it: a server may go by either."""
    if body.raw and not body.is_json:
        return McpRequest(("",))
    said = messages(body.json)
    tools = [_name(message) for message in said if message.get("method") == _CALL]
    tools += _named_in(headers)
    token = _progress_token(said[0]) if len(said) == 1 and isinstance(body.json, dict) else None
    return McpRequest(tuple(dict.fromkeys(tools)), token)


def messages(body: Json) -> list[dict[str, Json]]:
    """Return the JSON-RPC messages of a body, which is one or a list of them."""
    listed = body if isinstance(body, list) else [body]
    return [message for message in listed if isinstance(message, dict)]


def _name(message: dict[str, Json]) -> str:
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    return name if isinstance(name, str) else ""


def _named_in(headers: Headers) -> list[str]:
    said = dict(headers)
    if said.get(_METHOD_HEADER) != _CALL or _NAME_HEADER not in said:
        return []
    return [_decoded(said[_NAME_HEADER])]


def _decoded(name: str) -> str:
    """Read a name that is not plain ASCII; what cannot be read is no name."""
    if not (name.startswith(_ENCODED) and name.endswith(_ENCODED_END)):
        return name
    try:
        payload = name.removeprefix(_ENCODED).removesuffix(_ENCODED_END)
        return base64.b64decode(payload, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _progress_token(message: dict[str, Json]) -> str | int | None:
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    is_call = message.get("method") == _CALL and "id" in message
    usable = isinstance(token, (str, int)) and not isinstance(token, bool)
    return token if is_call and usable else None  # type: ignore[return-value]
