"""How a client is told, while its call is held, what it is waiting for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire import strict_json
from app.wire.answer import sse

if TYPE_CHECKING:
    from app.wire.base import Json

_STEP = 1e-6
"""Progress has to grow, also when the server's own follows, which mostly begins with 0 or 1."""


def progress(token: str | int, count: int, message: str) -> bytes:
    """Return an event that notifies of progress, the `count`th one, beginning with 1."""
    params: Json = {"progressToken": token, "progress": count * _STEP, "message": message}
    notice: Json = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
    return sse.encode(strict_json.dump(notice), event="message")
