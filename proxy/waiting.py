"""How a caller waits while its request is held."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from proxy.front import header

if TYPE_CHECKING:
    from app.domain.segment import Prompt
    from proxy.front import Headers

# The part of the client's own read timeout that we use up; the rest is for our answer to arrive.
_PATIENCE = 0.9


class Mode(Enum):
    SILENT = "silent"
    """Nothing is sent until it is decided; ends before the client's own patience does."""
    KEEP_ALIVE = "keep-alive"
    """A stream: comments keep it open, and a refusal comes as its last event."""
    ASYNC = "async"
    """202 at once; the caller polls, and sends the request again when it is approved."""


def waiting_mode(headers: Headers, prompt: Prompt) -> Mode:
    """Choose by what the caller prefers (RFC 7240), then by what it asks for."""
    preferences = [p.strip().lower() for p in header(headers, "prefer").split(",")]
    if "respond-async" in preferences:
        return Mode.ASYNC
    return Mode.KEEP_ALIVE if prompt.streamed else Mode.SILENT


def patience_of(headers: Headers) -> float | None:
    """Return for how many seconds the client will wait, if its SDK says so; else None."""
    try:
        seconds = float(header(headers, "x-stainless-read-timeout"))
    except ValueError:
        return None
    return seconds * _PATIENCE if seconds > 0 else None
