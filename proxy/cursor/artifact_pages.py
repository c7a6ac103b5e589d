"""Where callers fetch artifacts: `/-/cursor/artifacts/{a sealed link}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response

from proxy.cursor.artifacts import PATH

if TYPE_CHECKING:
    from proxy.cursor.artifacts import Fetching


def artifact_pages(fetching: Fetching) -> Blueprint:
    routes = Blueprint("cursor-artifacts", __name__)

    @routes.get(f"{PATH}<token>")
    async def give(token: str) -> Response:
        fetched = await fetching.fetch(token)
        response = Response(fetched.pieces, fetched.status, content_type=fetched.content_type)
        response.timeout = None
        # What a browser shows must not run as a page of ours.
        response.headers["Content-Disposition"] = "attachment"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    return routes
