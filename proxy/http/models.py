"""Which models a request names, wherever an API reads one. Pure.

One name is not enough for a limit: a request may name another as its fallback, in each request of a
batch, or for a tool that asks a model itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.wire.base import Json

_IN_PATH = re.compile(r"(?:^|/)(?:tunedmodels|models?|deployments|engines)/([^/:]+)", re.IGNORECASE)
_IN_QUERY = frozenset({"model", "deployment"})
_NAMING = ("model", "models", "fallbacks", "fallback_models")
_ITEMS = ("tools", "requests")
_WRAPPED = ("session", "params", "body", "request", "agent")


def models_named(path: str, query: str, body: Json) -> frozenset[str]:
    """Return the names, as they stand there. An empty set where no model is named."""
    in_path = (unquote(name) for name in _IN_PATH.findall(path))
    in_query = (value for name, value in parse_qsl(query) if name.lower() in _IN_QUERY)
    return frozenset({*in_path, *in_query, *_in_body(body)} - {""})


def _in_body(value: Json) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for name in _NAMING:
        yield from _names(value.get(name))
    for name in _ITEMS:
        items = value.get(name)
        for item in items if isinstance(items, list) else ():
            yield from _in_body(item)
    for name in _WRAPPED:
        yield from _in_body(value.get(name))


def _names(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, dict):
        yield from _names(value.get("id") or value.get("model") or value.get("name"))
