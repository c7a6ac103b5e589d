"""Chooses the wire format of a request by its connection, path and body."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.errors import BadSettings
from app.wire.anthropic import ANTHROPIC
from app.wire.cursor import CURSOR
from app.wire.openai_chat import CHAT
from app.wire.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.wire.base import Json, WireFormat
    from app.wire.table import TableFormat

# What each kind of connection may carry, by the end of the path, and what is left over.
_OPENAI: Mapping[str, TableFormat] = {
    "/chat/completions": CHAT,
}
_ANTHROPIC: Mapping[str, TableFormat] = {"/messages": ANTHROPIC}
_CURSOR: Mapping[str, TableFormat] = {}

_CONNECTIONS: Mapping[str, tuple[Mapping[str, TableFormat], TableFormat]] = {
    "openai": (_OPENAI, replace(PLAIN, errors=CHAT.errors)),
    "anthropic": (_ANTHROPIC, replace(PLAIN, errors=ANTHROPIC.errors)),
    "cursor": (_CURSOR, CURSOR),
    "plain": ({}, PLAIN),
}
WIRES = frozenset({*_CONNECTIONS, "auto"})


def wire_for(wire: str, method: str, path: str, body: Json | None) -> WireFormat:
    """Return the format; `path` is the upstream's, without query.

    Raises `BadSettings` for a wire name that does not exist.
    """
    del method
    path = "/" + path.strip("/")
    if wire == "auto":
        return _auto(path, body)
    if wire not in _CONNECTIONS:
        names = ", ".join(sorted(WIRES))
        raise BadSettings(f"There is no wire format {wire!r}. Choose one of: {names}.")
    by_path, otherwise = _CONNECTIONS[wire]
    return _match(by_path, path, body) or otherwise


def _auto(path: str, body: Json | None) -> TableFormat:
    if path.startswith(("/v0/agents", "/v1/agents")):
        return CURSOR
    return _match({**_OPENAI, **_ANTHROPIC}, path, body) or PLAIN


def _match(by_path: Mapping[str, TableFormat], path: str, body: Json | None) -> TableFormat | None:
    del body
    return next((known for end, known in by_path.items() if path.endswith(end)), None)
