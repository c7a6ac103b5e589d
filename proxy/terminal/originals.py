"""What `abeyance session originals` asks the gateway over HTTP, in JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quart import Blueprint, Response, jsonify

from app.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.domain.identity import Identity
    from app.domain.record.original import KeptOriginal
    from proxy.replay.originals import Originals
    from proxy.replay.viewers import Viewer, Viewers

_ID = re.compile(r"[0-9a-z]{26}")


def original_pages(
    originals: Originals, viewers: Viewers, signed_in: Callable[[], Awaitable[Identity]]
) -> Blueprint:
    """Build the pages; `signed_in` returns who has just signed in, or raises an AbeyanceError."""
    pages = Blueprint("originals", __name__, url_prefix="/-/originals")

    async def asking(session_id: str) -> Viewer:
        viewer = await viewers.viewer(await signed_in())
        if not _ID.fullmatch(session_id):
            raise NotFound("Give the whole id of the session, as its page shows it.")
        return viewer

    @pages.get("/<session_id>")
    async def kept(session_id: str) -> Response:
        viewer = await asking(session_id)
        theirs = await originals.for_viewer(viewer, session_id, "terminal")
        return jsonify(originals=[_told(one) for one in theirs])

    @pages.post("/<session_id>/<name>")
    async def opened(session_id: str, name: str) -> Response:
        viewer = await asking(session_id)
        original, value = await originals.opened(viewer, session_id, name, "terminal")
        return jsonify(**_told(original), value=value)

    return pages


def _told(original: KeptOriginal) -> dict[str, object]:
    return {
        "name": original.name,
        "rule": original.rule,
        "place": original.place,
        "label": original.label,
        "for": list(original.sealed_for),
    }
