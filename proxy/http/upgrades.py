"""A WebSocket handshake as the plain request that it begins with.

Codex tries a WebSocket first and falls back to HTTP only on 426. So a handshake goes the way of
every request: whoever sends it is authenticated, and the refusal is in the shape of the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from hypercorn.typing import (
        ASGIReceiveCallable,
        ASGIReceiveEvent,
        ASGISendCallable,
        ASGISendEvent,
        HTTPScope,
        WebsocketScope,
    )


def as_request(
    scope: WebsocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> tuple[HTTPScope, ASGIReceiveCallable, ASGISendCallable]:
    """Return the three of an HTTP exchange, which answers in place of the handshake."""

    async def as_http() -> ASGIReceiveEvent:
        event = await receive()
        if event["type"] == "websocket.connect":
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.disconnect"}

    async def as_websocket(event: ASGISendEvent) -> None:
        # The extension of ASGI that refuses a handshake has the same events under other names.
        await send(cast("ASGISendEvent", {**event, "type": f"websocket.{event['type']}"}))

    return cast("HTTPScope", {**scope, "type": "http", "method": "GET"}), as_http, as_websocket
