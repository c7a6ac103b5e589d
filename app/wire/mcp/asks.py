"""What a server asks of its client: of its model (sampling), or of the person (elicitation).

A server asks only where the client has said that it can be asked: with `initialize`, or since the
revision of 2026-07-28 with each request. So what is not allowed is taken out of what the client
says. A server that asks all the same is refused, and its client never hears of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.wire.base import Json

if TYPE_CHECKING:
    from collections.abc import Callable

_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
_ELICITATION_REQUIRED = -32042
_REFUSED = -32001
_UNKNOWN_METHOD = -32601
_WORDS = "The connection does not allow the server to ask its client for {}."


class Ask(StrEnum):
    """Named as the capability of the client is."""

    SAMPLING = "sampling"
    ELICITATION = "elicitation"


METHODS = {"sampling/createMessage": Ask.SAMPLING, "elicitation/create": Ask.ELICITATION}


@dataclass(frozen=True, slots=True)
class ServerAsk:
    """A request of a server that is refused."""

    ident: Json
    ask: Ask

    def answer(self) -> Json:
        """Return what its server is told in the client's place: that it has no such method."""
        error: Json = {"code": _UNKNOWN_METHOD, "message": _WORDS.format(self.ask)}
        return {"jsonrpc": "2.0", "id": self.ident, "error": error}


def without_capabilities(value: Json, denied: frozenset[str]) -> Json:
    """Return a request less what its client may not be asked; the same object where it is none."""

    def less(capabilities: Json) -> Json:
        left = _less(capabilities, denied)
        return _at(left, ("tasks", "requests"), lambda requests: _less(requests, denied))

    def told(message: Json) -> Json:
        message = _at(message, ("params", "capabilities"), less) if _begins(message) else message
        return _at(message, ("params", "_meta", _CAPABILITIES), less)

    return _each(value, told)


def without_asks(value: Json, denied: frozenset[str]) -> tuple[list[Json], list[ServerAsk]]:
    """Return the messages of a server's less those that ask, and these.

    A result that says what to ask is an error instead, since its request has to have an answer.
    """
    left: list[Json] = []
    asks: list[ServerAsk] = []
    for message in value if isinstance(value, list) else [value]:
        ask = _ask_of(message)
        if ask in denied and isinstance(message, dict):
            asks.append(ServerAsk(message.get("id"), ask))
        else:
            left.append(_not_asking(message, denied))
    return left, asks


def _ask_of(message: Json) -> Ask | None:
    method = message.get("method") if isinstance(message, dict) else None
    return METHODS.get(method) if isinstance(method, str) else None


def _not_asking(message: Json, denied: frozenset[str]) -> Json:
    if not isinstance(message, dict):
        return message
    asks = denied.intersection(_asked_in(message))
    if asks:
        error: Json = {"code": _REFUSED, "message": _WORDS.format(" and ".join(sorted(asks)))}
        return {"jsonrpc": "2.0", "id": message.get("id"), "error": error}
    if Ask.ELICITATION in denied:
        return _at(message, ("error",), _without_elicitations)
    return message


def _asked_in(message: dict[str, Json]) -> set[Ask]:
    result = message.get("result")
    requests = result.get("inputRequests") if isinstance(result, dict) else None
    listed = requests.values() if isinstance(requests, dict) else ()
    return {ask for request in listed if (ask := _ask_of(request))}


def _without_elicitations(error: Json) -> Json:
    if not isinstance(error, dict) or error.get("code") != _ELICITATION_REQUIRED:
        return error
    return {"code": _REFUSED, "message": _WORDS.format(Ask.ELICITATION)}


def _begins(message: Json) -> bool:
    return isinstance(message, dict) and message.get("method") == "initialize"


def _less(value: Json, names: frozenset[str]) -> Json:
    if not isinstance(value, dict) or names.isdisjoint(value):
        return value
    return {name: said for name, said in value.items() if name not in names}


def _each(value: Json, change: Callable[[Json], Json]) -> Json:
    if not isinstance(value, list):
        return change(value)
    changed = [change(item) for item in value]
    return changed if any(a is not b for a, b in zip(changed, value, strict=True)) else value


def _at(value: Json, path: tuple[str, ...], change: Callable[[Json], Json]) -> Json:
    """Return the value with what is at a path changed; the same object where nothing is."""
    if not path:
        return change(value)
    if not isinstance(value, dict) or path[0] not in value:
        return value
    inner = value[path[0]]
    changed = _at(inner, path[1:], change)
    return value if changed is inner else value | {path[0]: changed}
