"""Where Cursor tells of its agents: `/-/cursor/webhooks/{id}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, request

from proxy.cursor.webhooks.receiving import ReceivedEvent, Receiving
from proxy.cursor.webhooks.replacing import PATH

if TYPE_CHECKING:
    from collections.abc import Callable


def webhook_pages(receiving: Receiving, wake: Callable[[], None]) -> Blueprint:
    """Build the routes; `wake` is called when there may be something to deliver."""
    routes = Blueprint("cursor-webhooks", __name__)

    @routes.post(f"{PATH}<webhook_id>")
    async def take(webhook_id: str) -> tuple[str, int]:
        body = await request.get_data(cache=False, as_text=False, parse_form_data=False)
        told = ReceivedEvent(
            event=_header("X-Webhook-Event"),
            event_id=_header("X-Webhook-ID"),
            signature=_header("X-Webhook-Signature"),
            body=body,
        )
        await receiving.take(webhook_id, told)
        wake()
        return "", 204

    return routes


def _header(name: str) -> str:
    value = request.headers.get(name, "")
    return value if value.isascii() and value.isprintable() else ""
