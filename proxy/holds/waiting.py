"""How a caller waits while its request is held."""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from app.domain.connection import Waiting
from proxy.front import header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.connection import Connection
    from app.domain.hold import Hold
    from app.domain.segment import Facts
    from app.storage.feed import Periodic
    from proxy.facts import Inquiry
    from proxy.front import Headers
    from proxy.record.recording import Recording

# The part of the client's own read timeout that we use up; the rest is for our answer to arrive.
_PATIENCE = 0.9
_FOR_THE_WHOLE = "x-server-timeout"
_ANNOUNCED = ("x-stainless-read-timeout", "x-stainless-timeout", _FOR_THE_WHOLE)
# How many signs of life a client gets before its own timeout, and how often at most: a caller may
# announce anything.
_SIGNS_OF_LIFE = 3
_QUICKEST_SECONDS = 0.5


class WaitMode(Enum):
    SILENT = "silent"
    """Nothing is sent until it is decided; ends before the client's own patience does."""
    KEEP_ALIVE = "keep-alive"
    """A stream: signs of life keep it open, and a refusal comes as its last event."""
    ASYNC = "async"
    """202 at once; the caller polls, and sends the request again when it is approved."""


class Waiter(Protocol):
    """Whoever waits while people decide: for how long, and the record of it."""

    recording: Recording | None

    @property
    def program(self) -> str:
        """What the program calls itself that asks later what it is waiting for; or nothing."""
        ...

    def defers(self, inquiry: Inquiry) -> bool:
        """Whether they do not wait at all, and come back."""
        ...

    def waits(
        self, inquiry: Inquiry, hold: Hold, pulse_seconds: float
    ) -> tuple[float | None, Periodic | None]:
        """Return for how many seconds they wait for a hold, and what keeps them waiting.

        None: to the end. `pulse_seconds` is how often they get a sign of life.
        """
        ...


def waiting_mode(headers: Headers, facts: Facts, connection: Connection) -> WaitMode:
    """Choose by what the caller prefers (RFC 7240), then by connection and what is asked for."""
    if "respond-async" in _preferences(headers) or connection.waiting is Waiting.ASYNC:
        return WaitMode.ASYNC
    kept_alive = _is_event_stream(facts) and connection.waiting is not Waiting.SILENT
    return WaitMode.KEEP_ALIVE if kept_alive and 0 not in _preferred(headers) else WaitMode.SILENT


def patience_of(headers: Headers, connection: Connection, mode: WaitMode) -> float | None:
    """Return for how many seconds the caller waits; None: to the end.

    Anybody may say `Prefer: wait=30`. The timeout of Google's SDK is for the whole answer. In
    silence those of other SDKs count too: Python's for each read, JavaScript's until the head.
    """
    bounds = [*_preferred(headers)]
    counting = (_FOR_THE_WHOLE,) if mode is WaitMode.KEEP_ALIVE else _ANNOUNCED
    bounds += [seconds * _PATIENCE for seconds in _announced(headers, counting)]
    if mode is not WaitMode.KEEP_ALIVE:
        bounds += [connection.patience] if connection.patience > 0 else []
    return min(bounds, default=None)


def pulse_of(headers: Headers, usual: float, mode: WaitMode = WaitMode.KEEP_ALIVE) -> float:
    """Return how many seconds apart the signs of life are; infinity where none are sent.

    A client that announces a short timeout gets some before that.
    """
    if mode is not WaitMode.KEEP_ALIVE:
        return math.inf
    needed = [seconds / _SIGNS_OF_LIFE for seconds in _announced(headers)]
    return min(usual, max(min(needed, default=usual), _QUICKEST_SECONDS))


def _announced(headers: Headers, names: Iterable[str] = _ANNOUNCED) -> list[float]:
    """Return the timeouts that an SDK says that it has."""
    return [seconds for name in names if (seconds := _seconds(header(headers, name)))]


def _is_event_stream(facts: Facts) -> bool:
    """Whether the answer comes as events. Without `alt=sse` Gemini's is one list of JSON."""
    listed = facts.path.endswith(":streamGenerateContent") and "alt=sse" not in facts.query
    return facts.prompt.streamed and not listed


def _preferences(headers: Headers) -> tuple[str, ...]:
    said = re.split("[,;]", header(headers, "prefer").lower())
    return tuple(one.replace(" ", "") for one in said)


def _preferred(headers: Headers) -> tuple[float, ...]:
    waits = (said[5:] for said in _preferences(headers) if said.startswith("wait="))
    return tuple(seconds for said in waits if (seconds := _seconds(said)) is not None)


def _seconds(said: str) -> float | None:
    """Read a number of seconds; None where it is none, is negative or has no end."""
    try:
        seconds = float(said)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
