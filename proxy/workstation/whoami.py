"""Who a caller is to the gateway, for `abeyance login` to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, jsonify

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.domain.identity import Identity


def whoami_pages(caller: Callable[[], Awaitable[Identity]]) -> Blueprint:
    """Build the page; `caller` returns who asks, or raises an AbeyanceError."""
    pages = Blueprint("whoami", __name__)

    @pages.get("/-/whoami")
    async def whoami() -> Response:
        identity = await caller()
        return jsonify(
            name=identity.name,
            email=identity.email,
            groups=sorted(identity.groups),
            issuer=identity.issuer,
            kind=identity.kind.value,
        )

    return pages
