"""Which connections a caller may use, and where their base paths are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, jsonify, request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.domain.identity import Identity
    from proxy.connections import Connections


def connection_pages(
    connections: Connections, caller: Callable[[], Awaitable[Identity]], public_url: str
) -> Blueprint:
    """Build the page; `caller` returns who asks, or raises an AbeyanceError.

    Without a `public_url`, addresses begin as the one that was asked.
    """
    pages = Blueprint("connections", __name__, url_prefix="/-/connections")

    @pages.get("")
    async def listed() -> Response:
        await caller()
        base = public_url or request.host_url.rstrip("/")
        found = [
            {"name": known.name, "kind": known.kind.value, "url": f"{base}/{known.name}"}
            for known in await connections.usable()
        ]
        return jsonify(connections=found)

    return pages
