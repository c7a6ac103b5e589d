"""Linking a Slack account: `abeyance link` brings a token, a browser does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, jsonify

from proxy.http.asked import headers_asked
from proxy.http.tokens import has_token

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.domain.identity import Identity
    from proxy.browser.link_pages import LinkPages
    from proxy.browser.linking import Linking


def link_routes(
    linking: Linking, link_pages: LinkPages | None, caller: Callable[[], Awaitable[Identity]]
) -> Blueprint:
    """Build the routes; a browser is expected where there are pages for it."""
    pages = Blueprint("link_codes", __name__, url_prefix="/-/link")

    @pages.get("/<code>")
    async def offered(code: str) -> Response:
        if link_pages is not None and not has_token(headers_asked()):
            return await link_pages.offered(code)
        return jsonify(account=await linking.account(code, await caller()))

    @pages.post("/<code>")
    async def link(code: str) -> Response:
        return jsonify(linked=await linking.take(code, await caller()))

    return pages
