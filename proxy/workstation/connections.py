"""Which connections a caller may use, and where their base paths are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, jsonify, request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from proxy.connections import Connections
    from proxy.keys.admission import Caller


def connection_pages(
    connections: Connections, caller: Callable[[], Awaitable[Caller]], public_url: str
) -> Blueprint:
    """Build the page; `caller` returns who asks, or raises an AbeyanceError.

    Without a `public_url`, addresses begin as the one that was asked.
    """
    pages = Blueprint("connections", __name__, url_prefix="/-/connections")

    @pages.get("")
    async def listed() -> Response:
        scope = (await caller()).scope
        base = public_url or request.host_url.rstrip("/")
        found = [
            {"name": known.name, "kind": known.kind.value, "url": f"{base}/{known.name}"}
            for known in await connections.usable()
            if scope.allows(known.name)
        ]
        return jsonify(connections=found)

    return pages
