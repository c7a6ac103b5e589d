"""The messages of an MCP server in an answer, each of which can be left out or put differently.

    answer's bytes ── Messages.feed ──► parts ── looked at, changed ──► bytes

A part is an event of a stream or a whole document. One that is not changed keeps its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.errors import TooLarge, UpstreamUnavailable
from app.wire import strict_json
from app.wire.answer import sse
from app.wire.base import WHOLE_BYTES, Json
from app.wire.media import STREAM, media_type

if TYPE_CHECKING:
    from collections.abc import Iterable

_EVENT_STREAM = "event-stream"
_BINARY = ("image/", "audio/", "video/", "font/")
_TOO_LARGE = "The server sent a message that is too large to be checked, so it is not passed on."


@dataclass(frozen=True, slots=True)
class Part:
    """`value` is what it says as JSON, None where it is none."""

    raw: bytes
    value: Json = None
    event: sse.SseEvent | None = None

    def saying(self, value: Json) -> bytes:
        """Return its bytes with another value."""
        data = strict_json.dump(value)
        if self.event is None:
            return data
        event = self.event
        return sse.encode(data, event=event.event, event_id=event.event_id, retry=event.retry)

    def empty(self) -> bytes:
        """Return what is left of an event without its message: an id, to resume from it."""
        if self.event is None or self.event.event_id is None:
            return b""
        return f"id: {self.event.event_id}\n\n".encode()


class Messages(Protocol):
    """Both raise UpstreamUnavailable for what is too large."""

    def feed(self, data: bytes) -> Iterable[Part]: ...

    def finish(self) -> Iterable[Part]: ...


def messages_of(content_type: str) -> Messages | None:
    """Return what reads an answer; None where it holds no messages.

    Raises UpstreamUnavailable where clients may differ on whether it is a stream.
    """
    kind = media_type(content_type)
    if kind == STREAM:
        return _Stream()
    if _EVENT_STREAM in content_type.lower():
        raise UpstreamUnavailable("The server's answer has a content type that cannot be read.")
    return None if kind.startswith(_BINARY) else _Document()


class _Stream:
    def __init__(self) -> None:
        self._parser = sse.SseParser()

    def feed(self, data: bytes) -> Iterable[Part]:
        try:
            return [_part(event) for event in self._parser.feed(data)]
        except TooLarge:
            raise UpstreamUnavailable(_TOO_LARGE) from None

    def finish(self) -> Iterable[Part]:
        last = self._parser.finish()
        return [] if last is None else [_part(last)]


class _Document:
    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterable[Part]:
        self._parts.append(data)
        self._size += len(data)
        if self._size > WHOLE_BYTES:
            raise UpstreamUnavailable(_TOO_LARGE)
        return ()

    def finish(self) -> Iterable[Part]:
        raw = b"".join(self._parts)
        try:
            value = strict_json.parse_loosely(raw)
        except ValueError:  # no client can read it either
            return [Part(raw)] if raw else []
        exact = strict_json.says_one_thing(raw, value)
        return [Part(raw if exact else strict_json.dump(value), value)]


def _part(event: sse.SseEvent) -> Part:
    if event.data is None:
        return Part(event.raw)
    try:
        value, exact = strict_json.parse_spelt(event.data)
    except ValueError:
        return Part(event.raw)
    part = Part(event.raw, value, event)
    if exact or strict_json.says_one_thing(event.data, value):
        return part
    return Part(part.saying(value), value, event)
