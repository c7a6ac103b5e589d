"""What the formats share: the upstream's events one by one, each changed or left as it came."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from app.wire import strict_json
from app.wire.answer import sse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.wire.base import Json


class Spliced(ABC):
    """The rest of an answer that was begun with a line."""

    def __init__(self) -> None:
        self._parser = sse.SseParser()

    def feed(self, data: bytes) -> bytes:
        """Return whole events for the whole events that came from the upstream, masked."""
        return b"".join(map(self._read, self._parser.feed(data)))

    @abstractmethod
    def event(self, event: sse.SseEvent, value: dict[str, Json]) -> bytes:
        """Return what takes the place of an event; nothing where it is left out."""

    def _read(self, event: sse.SseEvent) -> bytes:
        try:
            value = strict_json.parse_loosely(event.data) if event.data else None
        except ValueError:
            value = None
        return self.event(event, value) if isinstance(value, dict) else event.raw


def spelt(event: Mapping[str, Json]) -> bytes:
    return sse.encode(strict_json.dump(dict(event)), event=str(event["type"]))
