"""How a caller waits while its request is held."""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import TYPE_CHECKING

from app.domain.connection import Waiting
from proxy.front import header

if TYPE_CHECKING:
    from app.domain.connection import Connection
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


def waiting_mode(headers: Headers, prompt: Prompt, connection: Connection) -> Mode:
    """Choose by what the caller prefers (RFC 7240), then by connection and what is asked for."""
    if "respond-async" in _preferences(headers) or connection.waiting is Waiting.ASYNC:
        return Mode.ASYNC
    kept_alive = prompt.streamed and connection.waiting is Waiting.AUTO
    return Mode.KEEP_ALIVE if kept_alive else Mode.SILENT


def patience_of(headers: Headers, connection: Connection) -> float | None:
    """Return for how many seconds the caller waits in silence; None: to the end.

    An SDK tells its read timeout, anybody else may say `Prefer: wait=30`.
    """
    bounds = (
        _seconds(header(headers, "x-stainless-read-timeout")) * _PATIENCE,
        *(_seconds(said[5:]) for said in _preferences(headers) if said.startswith("wait=")),
        connection.patience,
    )
    return min((bound for bound in bounds if bound > 0), default=None)


def _preferences(headers: Headers) -> tuple[str, ...]:
    said = re.split("[,;]", header(headers, "prefer").lower())
    return tuple(one.replace(" ", "") for one in said)


def _seconds(said: str) -> float:
    """Read a number of seconds; 0 where it is none, or has no end."""
    try:
        seconds = float(said)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0
